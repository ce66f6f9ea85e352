import { beforeAll, describe, expect, it } from 'vitest';
import { bringRedis, type PartyMember, waitUntil } from '@silly-face/testing';
import { readRoomOptions } from '../../src/party/options.ts';
import { bringNetwork } from './network.ts';
import { startParties } from './parties.ts';
import { seatOf } from './table.ts';
import { onlyToldTo, progress, wrongs } from './table-history.ts';
import { startTwoHosts } from './two-hosts.ts';

const { leaseMs } = readRoomOptions({});
/** To find the host that does not answer, ask the other, and come back there, all on a machine that may be busy. */
const SLACK_MS = 15_000;

let missing: string | undefined;
beforeAll(async () => {
  missing = (await bringNetwork()) ?? (await bringRedis());
}, 600_000);

describe.each([
  { store: 'Redis', redis: true },
  { store: 'Postgres', redis: false },
])('parties on two hosts, with the directory in $store,', ({ redis }) => {
  it('outlive one that is cut off, comes back and dies: its rooms go on, no move is lost, and nobody acts twice', async (context) => {
    if (missing) context.skip(missing);
    await using two = await startTwoHosts({ redis });
    await using parties = await startParties(two);
    const { restless, patient, elsewhere, all, witness, watched } = parties;
    const [first, second] = two.hosts;
    await progress(all);

    await first.machine.cut();
    // Its own guesses may still be taken, and never be kept; until the host finds that its lease is over.
    await waitUntil(
      () => {
        witness.guess(watched.choices[0] ?? 'Smug Cat');
        return witness.heard.some(({ code }) => code === 'directory-unavailable');
      },
      { what: 'the end of the lease on the host that is cut off', intervalMs: 250 },
    );
    await progress([...restless, ...elsewhere]);
    const id = witness.guess(watched.choices[0] ?? 'Smug Cat');
    expect(await witness.hears('ERROR', { id })).toMatchObject({ code: 'directory-unavailable' });

    await first.machine.heal();
    expect(await witness.hears('MOVE')).toMatchObject({ room: watched.room, host: second.machine.address });
    // Nobody asked for these meanwhile: they are where they were.
    await progress(patient);
    for (const { room } of patient)
      expect(await seatOf(parties.player, room)).toMatchObject({ host: first.machine.address });
    await progress(all);

    await first.kill();
    await progress(all);
    for (const table of all) await table.stop();

    expect(all.flatMap(wrongs)).toEqual([]);
    expect(onlyToldTo(witness.heard, watched)).toEqual([]);
    // Whoever was on the host that was cut off, or that died, has come back, and when the lease was over.
    const cutMs = restless.flatMap(({ members }) => members.map(slowest));
    const killedMs = patient.flatMap(({ members }) => members.map(slowest));
    console.log(
      `Members were away for ${Math.max(...cutMs)} ms at most in the cut, ${Math.max(...killedMs)} ms after the death`,
    );
    for (const awayMs of [...cutMs, ...killedMs]) {
      expect(awayMs).toBeGreaterThan(0);
      expect(awayMs).toBeLessThan(leaseMs + SLACK_MS);
    }
  });
});

/** Of the times that it was away, rounded; 0 when it never was. */
function slowest({ returnsMs }: PartyMember): number {
  return Math.round(Math.max(0, ...returnsMs));
}
