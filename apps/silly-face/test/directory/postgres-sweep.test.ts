import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Claim } from '../../src/directory/directory.ts';
import { openPostgresDirectory } from '../../src/directory/postgres-directory.ts';
import { sweep } from '../../src/directory/postgres/sweep.ts';
import { openDatabase } from '../../src/store/database.ts';
import { startMigratedPostgres } from './migrated-postgres.ts';
import { newProcess, PATIENT } from './store.ts';

const postgres = await startMigratedPostgres();
const db = openDatabase(postgres.connectionString);
const directory = openPostgresDirectory(postgres.connectionString, PATIENT);
afterAll(async () => {
  await db.drain();
  await directory.disconnect();
  await postgres[Symbol.asyncDispose]();
});

beforeAll(() => directory.checkIn(newProcess('party-1')));

async function namesIn(table: string, column: string): Promise<unknown[]> {
  const { rows } = await db.query<{ name: string }>(
    `SELECT DISTINCT ${column} AS name FROM ${table} ORDER BY name`,
  );
  return rows.map(({ name }) => name);
}

afterEach(() => db.query(`TRUNCATE party_rooms, party_snapshots, party_log, party_seats`));

it('a sweep forgets rooms that were only asked for, minutes ago, and nothing that somebody has come into', async () => {
  for (const room of ['asked-for', 'asked-for-now', 'logged', 'saved', 'closed'])
    await directory.locate(room);
  const claimed = async (room: string): Promise<Claim> => directory.locate(room);
  await directory.append([{ ...(await claimed('logged')), entries: [{ seq: 1, event: {} }] }]);
  await directory.saveSnapshot(await claimed('saved'), { seq: 1, state: {} });
  await directory.close(await claimed('closed'));
  await claimed('closed');
  await db.query(
    `UPDATE party_rooms SET touched_at = now() - interval '10 min' WHERE room <> 'asked-for-now'`,
  );
  await db.query(`UPDATE party_log SET written_at = now() - interval '10 min'`);
  await sweep(db);
  expect(await namesIn('party_rooms', 'room')).toEqual(['asked-for-now', 'closed', 'logged', 'saved']);
  expect((await claimed('asked-for')).fence).toBe(1);
});

it('a sweep forgets what is over, and nothing else', async () => {
  for (const room of ['new', 'old', 'old-but-written', 'old-and-locked']) {
    const claim = await directory.locate(room);
    await directory.saveSnapshot(claim, { seq: 1, state: {} });
    await directory.append([{ ...claim, entries: [{ seq: 2, event: {} }] }]);
  }
  await directory.close(await directory.locate('closed'));
  await directory.issueSeat({ room: 'late', player: { id: 'p', name: 'n' } }, 1);
  await directory.issueSeat({ room: 'in-time', player: { id: 'p', name: 'n' } }, 60_000);
  await directory.checkIn(newProcess('party-2'));
  await db.query(`UPDATE party_rooms SET touched_at = now() - interval '25 h' WHERE room LIKE 'old%'`);
  await db.query(`UPDATE party_log SET written_at = now() - interval '25 h' WHERE room <> 'old-but-written'`);
  await db.query(
    `UPDATE party_processes SET lease_ends_at = now() - interval '1 s' WHERE id LIKE '%party-2%'`,
  );
  await db.query(`UPDATE party_seats SET expires_at = now() - interval '1 s' WHERE seat->>'room' = 'late'`);

  await db.transaction(async () => {
    await db.query(`SELECT FROM party_rooms WHERE room = 'old-and-locked' FOR UPDATE`);
    // Outside of this transaction, on another connection.
    const other = openDatabase(postgres.connectionString);
    await sweep(other);
    await other.drain();
  });

  const kept = ['new', 'old-and-locked', 'old-but-written'];
  expect(await namesIn('party_rooms', 'room')).toEqual(['closed', ...kept]);
  expect(await namesIn('party_snapshots', 'room')).toEqual(kept);
  expect(await namesIn('party_log', 'room')).toEqual(kept);
  expect(await namesIn('party_processes', 'id')).toEqual(['h1/party-1/4711']);
  expect(await namesIn('party_seats', `seat->>'room'`)).toEqual(['in-time']);

  await sweep(db);
  expect(await namesIn('party_rooms', 'room')).toEqual(['closed', 'new', 'old-but-written']);
});
