import { waitUntil } from '@silly-face/testing';
import { afterAll, expect, it } from 'vitest';
import type { Directory } from '../../src/directory/directory.ts';
import { openPostgresDirectory } from '../../src/directory/postgres-directory.ts';
import { openDatabase } from '../../src/store/database.ts';
import { startMigratedPostgres } from './migrated-postgres.ts';
import { newProcess } from './store.ts';

const postgres = await startMigratedPostgres();
const db = openDatabase(postgres.connectionString);
const directory = openPostgresDirectory(postgres.connectionString, { leaseMs: 120_000, answerMs: 30_000 });
await directory.checkIn(newProcess('party-1'));
await directory.checkIn(newProcess('party-2'));
afterAll(async () => {
  await db.drain();
  await directory.disconnect();
  await postgres[Symbol.asyncDispose]();
});

const snapshot = { seq: 9, state: 'stale' };
const writes: Record<string, (room: string, fence: number) => Promise<unknown>> = {
  append: async (room, fence) => {
    const [outcome] = await directory.append([{ room, fence, entries: [{ seq: 9, event: 'stale' }] }]);
    expect(outcome).toBe('fence-lost');
    throw Object.assign(new Error(outcome), { code: outcome });
  },
  saveSnapshot: (room, fence) => directory.saveSnapshot(room, fence, snapshot),
  handOver: (room, fence) => directory.handOver(room, fence, 'h1/party-2/4711', snapshot),
  release: (room, fence) => directory.release(room, fence, snapshot),
  close: (room, fence) => directory.close(room, fence),
} satisfies Partial<Record<keyof Directory, unknown>>;

it.each(Object.keys(writes))(
  '%s that waits behind a new claim is refused when its turn comes',
  async (name) => {
    const claim = await directory.locate(name, { to: 'h1/party-1/4711' });
    await directory.append([{ room: name, fence: claim.fence, entries: [{ seq: 1, event: 'kept' }] }]);
    const refused = await db.transaction(async () => {
      await db.query(`UPDATE party_rooms SET fence = fence + 1, owner = 'h1/party-2/4711' WHERE room = $1`, [
        name,
      ]);
      const written = writes[name]?.(name, claim.fence);
      const outcome = expect(written).rejects.toMatchObject({ code: 'fence-lost' });
      await untilSomebodyWaits();
      return { outcome };
    });
    await refused.outcome;
    expect(await directory.load(name, claim.fence + 1)).toEqual({
      snapshot: undefined,
      log: [{ seq: 1, event: 'kept' }],
    });
  },
);

async function untilSomebodyWaits(): Promise<void> {
  // Within one transaction Postgres would answer the same again and again.
  const observer = openDatabase(postgres.connectionString);
  await waitUntil(
    async () =>
      (await observer.query(`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'`)).rowCount,
    { what: 'the write to wait for the room' },
  );
  await observer.drain();
}
