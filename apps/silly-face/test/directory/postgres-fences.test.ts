import { waitUntil } from '@silly-face/testing';
import { afterAll, expect, it } from 'vitest';
import type { Claim, DirectoryError } from '../../src/directory/directory.ts';
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

type Write = (claim: Claim) => Promise<unknown>;
const writes: [name: string, write: Write][] = [
  [
    'append',
    async (claim) => {
      const [outcome] = await directory.append([{ ...claim, entries: [{ seq: 9, event: 'stale' }] }]);
      return outcome;
    },
  ],
  ['saveSnapshot', (claim) => directory.saveSnapshot(claim, snapshot)],
  ['replace', (claim) => directory.replace(claim, snapshot)],
  ['handOver', (claim) => directory.handOver(claim, 'h1/party-2/4711', snapshot)],
  ['release', (claim) => directory.release(claim, snapshot)],
  ['close', (claim) => directory.close(claim)],
];

/** With a higher fence, or with the same: a store that has lost its memory gives it again. */
const claims: [name: string, change: string][] = [
  ['a new claim', `fence = fence + 1`],
  ['a new claim with the same fence', `owner = 'h1/party-2/4711'`],
];
const cases = writes.flatMap(([name, write]) =>
  claims.map(([claim, change]) => ({ name, write, claim, change })),
);

it.each(cases)('$name that waits behind $claim is refused', async ({ name, write, claim: by, change }) => {
  const claim = await directory.locate(`${name} behind ${by}`, { to: 'h1/party-1/4711' });
  await directory.append([{ ...claim, entries: [{ seq: 1, event: 'kept' }] }]);
  // A client of its own: what is asked of `db` meanwhile does not belong to its transaction.
  const claiming = await db.acquire();
  await claiming.query('BEGIN');
  await claiming.query(`UPDATE party_rooms SET ${change} WHERE room = $1`, [claim.room]);
  const outcome = write(claim).catch((error: DirectoryError) => error.code);
  await untilSomebodyWaits();
  await claiming.query('COMMIT');
  claiming.release();
  expect(await outcome).toBe('fence-lost');
  expect(await directory.load(await directory.locate(claim.room))).toEqual({
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
