import { waitUntil } from '@silly-face/testing';
import { afterAll, expect, it } from 'vitest';
import type { DirectoryError } from '../../src/directory/directory.ts';
import { openPostgresDirectory } from '../../src/directory/postgres-directory.ts';
import { openDatabase } from '../../src/store/database.ts';
import { startMigratedPostgres } from './migrated-postgres.ts';
import { newProcess, PATIENT } from './store.ts';

const postgres = await startMigratedPostgres();
const db = openDatabase(postgres.connectionString);
const directory = openPostgresDirectory(postgres.connectionString, PATIENT);
await directory.checkIn(newProcess('party-1'));
await directory.checkIn(newProcess('party-2'));
afterAll(async () => {
  await db.drain();
  await directory.disconnect();
  await postgres[Symbol.asyncDispose]();
});

const snapshot = { seq: 9, state: 'stale' };

type Write = (room: string, fence: number) => Promise<unknown>;
const writes: [name: string, write: Write][] = [
  [
    'append',
    async (room, fence) => {
      const entries = [{ seq: 9, event: 'stale' }];
      const [outcome] = await directory.append([{ room, fence, entries }]);
      return outcome;
    },
  ],
  ['saveSnapshot', (room, fence) => directory.saveSnapshot(room, fence, snapshot)],
  ['handOver', (room, fence) => directory.handOver(room, fence, 'h1/party-2/4711', snapshot)],
  ['release', (room, fence) => directory.release(room, fence, snapshot)],
  ['close', (room, fence) => directory.close(room, fence)],
];

it.each(writes)('%s that waits behind a new claim is refused when its turn comes', async (room, write) => {
  const { fence } = await directory.locate(room, { to: 'h1/party-1/4711' });
  await directory.append([{ room, fence, entries: [{ seq: 1, event: 'kept' }] }]);
  // A client of its own: what is asked of `db` meanwhile does not belong to its transaction.
  const claiming = await db.acquire();
  await claiming.query('BEGIN');
  await claiming.query(`UPDATE party_rooms SET fence = fence + 1 WHERE room = $1`, [room]);
  const outcome = write(room, fence).catch((error: DirectoryError) => error.code);
  await untilSomebodyWaits();
  await claiming.query('COMMIT');
  claiming.release();
  expect(await outcome).toBe('fence-lost');
  expect(await directory.load(room, fence + 1)).toEqual({
    snapshot: undefined,
    log: [{ seq: 1, event: 'kept' }],
  });
});

function untilSomebodyWaits(): Promise<number> {
  return waitUntil(
    async () => (await db.query(`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'`)).rowCount,
    { what: 'the write to wait for the room' },
  );
}
