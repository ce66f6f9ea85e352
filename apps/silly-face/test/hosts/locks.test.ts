import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { waitUntil } from '@silly-face/testing';
import { Client } from 'pg';
import { ask, newPlayer } from '../http/client.ts';
import { connectionsOf } from './connections.ts';
import { bringNetwork } from './network.ts';
import { startTwoHosts, type TwoHosts } from './two-hosts.ts';

let missing: string | undefined;
beforeAll(async () => {
  missing = await bringNetwork();
}, 300_000);

describe('a host that is cut off in the middle of a transaction', () => {
  it('keeps the round no longer than its own limit: the same request takes effect once, through the other', async (context) => {
    if (missing) context.skip(missing);
    await using two = await startTwoHosts({ redis: false });
    const { hosts, db, services } = two;
    const [first, second] = hosts;
    const [anna, bert] = [await newPlayer({ db, url: first.url }), await newPlayer({ db, url: second.url })];
    const { body: round } = await anna.post('/rounds', { opponentId: bert.id });
    const key = randomUUID();
    const taunt = (url: string): Promise<number> =>
      ask(url, 'POST', `/rounds/${round.id}/taunts`, {
        token: anna.token,
        key,
        json: { text: 'once' },
        signal: AbortSignal.timeout(10_000),
      }).then(
        ({ status }) => status,
        () => 0,
      );
    const unlock = await lock(two, round.id);
    const lost = taunt(first.url);
    await sessionIs(two, `wait_event_type = 'Lock'`);
    await first.machine.cut();
    await unlock();
    // It has the lock now, and whoever it belongs to will never say more.
    await sessionIs(two, `state = 'idle in transaction'`);
    await waitUntil(async () => (await taunt(second.url)) === 201, { what: 'the repeat', timeoutMs: 25_000 });
    // Nor does it wait for answers until TCP gives up: what it knows to be useless nobody else has to wait for later.
    await waitUntil(() => connectionsOf(first.pid, services.postgres.port) === 0, {
      what: 'the end of the connections of the host that is cut off',
      timeoutMs: 60_000,
    });
    await first.machine.heal();
    await lost;
    // And the host that was cut off serves again.
    await waitUntil(async () => (await taunt(first.url)) === 201, { what: 'the first host' });
    const { rows } = await db.query('SELECT text FROM taunts WHERE round_id = $1', [round.id]);
    expect(rows).toEqual([{ text: 'once' }]);
  });
});

/** Another move on this round, which takes as long as the test wants. */
async function lock({ services }: TwoHosts, roundId: string): Promise<() => Promise<void>> {
  const client = new Client({ connectionString: services.postgres.connectionString });
  await client.connect();
  await client.query('BEGIN');
  await client.query('SELECT FROM rounds WHERE id = $1 FOR UPDATE', [roundId]);
  return () => client.end();
}

async function sessionIs({ db, hosts }: TwoHosts, condition: string): Promise<void> {
  await waitUntil(
    async () => {
      const { rowCount } = await db.query(
        `SELECT FROM pg_stat_activity WHERE client_addr = $1::inet AND ${condition}`,
        [hosts[0].machine.address],
      );
      return rowCount;
    },
    { what: `a session whose ${condition}` },
  );
}
