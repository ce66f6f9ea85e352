import { hostname } from 'node:os';
import { afterAll, expect, it } from 'vitest';
import { openPostgresDirectory } from '../../src/directory/postgres-directory.ts';
import { hostId } from '../../src/host-id.ts';
import { expelExited } from '../../src/party-exit.ts';
import { startMigratedPostgres } from './migrated-postgres.ts';
import { newProcess, PATIENT, whileFrozen } from './store.ts';

const postgres = await startMigratedPostgres();
const env = { DATABASE_URL: postgres.connectionString, HOST_ID: 'h1' };
const directory = openPostgresDirectory(postgres.connectionString, PATIENT);
afterAll(async () => {
  await directory.disconnect();
  await postgres[Symbol.asyncDispose]();
});

it('a party process that has ended is expelled, and no other', async () => {
  for (const name of ['party-1', 'party-2'])
    await directory.checkIn({ ...newProcess(name), id: `h1/${name}/4711/run` });
  const exited = { name: 'party-2', pid: 4711, run: 'run' };
  await expelExited(env, { ...exited, name: 'party-1' }, PATIENT);
  await expelExited(env, { ...exited, pid: 4712 }, PATIENT);
  await expelExited(env, { ...exited, run: 'other' }, PATIENT);
  await expelExited({ ...env, HOST_ID: 'h2' }, exited, PATIENT);
  expect((await directory.processes()).map(({ id }) => id)).toEqual(['h1/party-2/4711/run']);
});

it('that a process has ended is not told to a directory that is frozen, and nobody waits for it', async () => {
  await whileFrozen({ pid: postgres.pid as number }, async () => {
    const told = expelExited(env, { name: 'party-2', pid: 4711, run: 'run' }, { answerMs: 500 });
    await expect(told).rejects.toMatchObject({ code: 'directory-unavailable' });
  });
});

it('a machine is known by HOST_ID, else by its name', () => {
  expect(hostId(env)).toBe('h1');
  expect(hostId({})).toBe(hostname());
});
