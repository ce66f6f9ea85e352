import { beforeAll, describe, expect, it } from 'vitest';
import { waitUntil } from '@silly-face/testing';
import { differences } from '../soak/history.ts';
import { Load } from '../soak/load.ts';
import { bringNetwork } from './network.ts';
import { startTwoHosts } from './two-hosts.ts';

let missing: string | undefined;
beforeAll(async () => {
  missing = await bringNetwork();
}, 300_000);

describe('two hosts of one game', () => {
  it('play a round through both, with one cut off in the middle, back, and dead at last: nothing is lost or doubled', async (context) => {
    if (missing) context.skip(missing);
    await using two = await startTwoHosts({ redis: false });
    const { hosts, db } = two;
    const [first] = hosts;
    const load = new Load({ url: hosts.map(({ url }) => url), patienceMs: 60_000, answerMs: 1500 });
    await load.start(db, 6);
    const answers = async (count: number): Promise<void> => {
      const wanted = load.client.answered + count;
      await waitUntil(() => load.client.answered >= wanted, { what: `${count} answers`, timeoutMs: 60_000 });
    };
    await answers(60);
    await first.machine.cut();
    await answers(60);
    await first.machine.heal();
    await answers(60);
    await first.kill();
    await answers(60);
    const ended = await load.stop();

    expect({ ended, lost: load.client.lost }).toEqual({ ended: [], lost: 0 });
    expect(Object.keys(load.client.failures).filter((failure) => !TOLD.test(failure))).toEqual([]);
    expect(load.client.failures).toHaveProperty(['POST NO_ANSWER']);
    expect(await differences(db, load.matches)).toEqual([]);
    console.log(`${load.client.answered} requests to two hosts: 0 lost, 0 doubled`, load.client.failures);
  });
});

/** Of a host that is away, and of one that does not reach the database. */
const TOLD = /^(GET|POST) (NO_ANSWER|ECONN\w+|EHOSTUNREACH|ETIMEDOUT|503 (database|storage)-unavailable)$/;
