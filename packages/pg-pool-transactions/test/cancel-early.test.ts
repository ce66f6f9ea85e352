import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { waitUntil } from '@silly-face/testing';
import { expect, it } from 'vitest';
import { useDatabase } from './support/database.ts';

const database = useDatabase();

it('a cancellation that comes before its statement is asked for again, and the connection stays', async (context) => {
  if (process.platform !== 'linux') context.skip('only Linux tells which signals wait for a process');
  const pool = database.pool({ max: 1 });
  const { rows } = await pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const pid = rows[0]?.pid ?? 0;
  const controller = new AbortController();
  process.kill(pid, 'SIGSTOP');
  try {
    const asked = pool.query({ text: 'SELECT pg_sleep(600)', signal: controller.signal });
    // Sent, and not read.
    await setImmediate();
    controller.abort();
    await expect(asked).rejects.toMatchObject({ code: 'ABORTED' });
    await waitUntil(() => isWaiting(pid), { what: 'the cancellation to come' });
  } finally {
    // It sees the cancellation, has nothing to cancel, and only then reads the statement.
    process.kill(pid, 'SIGCONT');
  }
  const after = await pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  expect(after.rows[0]?.pid).toBe(pid);
});

/** Whether SIGINT, by which Postgres cancels, waits until the process goes on. */
function isWaiting(pid: number): boolean {
  const pending = /^ShdPnd:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return (BigInt(`0x${pending}`) & SIGINT) !== 0n;
}

const SIGINT = 1n << 1n;
