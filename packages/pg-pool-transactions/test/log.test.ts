import { once } from 'node:events';
import { runProgram, waitUntil } from '@silly-face/testing';
import { describe, expect, it } from 'vitest';
import { useDatabase } from './support/database.ts';

const database = useDatabase();

describe('log', () => {
  it('gets a line for each event of the pool, with its name', async () => {
    const lines: string[] = [];
    const pool = database.pool({
      name: 'shop',
      log: (line, level) => lines.push(`${level} ${line.replaceAll(/\d+/g, '#')}`),
    });
    await pool.transaction((transaction) => {
      transaction.afterCommit(() => Promise.reject(new Error('no mail')));
    });
    let attempts = 0;
    await pool.transaction({ retries: 1 }, () => {
      if (++attempts === 1) throw Object.assign(new Error('collided'), { code: '40001' });
    });
    const lost = once(pool, 'clientLost');
    await database.kill(await pool.use((client) => client.processId));
    await lost;
    await pool.query('SELECT 1');
    await pool.drain();
    await waitUntil(() => lines.length === 7, { what: `the last line of ${lines.join('\n')}` });
    expect(lines).toEqual([
      "info Pool 'shop': the client of process # is connected",
      "warn Pool 'shop': The transaction was committed, and then a hook failed: no mail",
      "info Pool 'shop': retry # in # ms: collided",
      "warn Pool 'shop' lost a connection: terminating connection due to administrator command",
      "info Pool 'shop': the client of process # is removed: lost",
      "info Pool 'shop': the client of process # is connected",
      "info Pool 'shop': the client of process # is removed: drain",
    ]);
  });

  it('goes onto standard error when it is true, without passwords, and is off by default', async () => {
    const program = `
      import { createPool } from '@silly-face/pg-pool-transactions';
      const url = new URL(process.env.DATABASE_URL);
      url.pathname = '/missing';
      url.password = 'secret';
      for (const log of [true, undefined]) {
        const pool = createPool({ connectionString: url.href, log });
        await pool.query('SELECT 1').catch(() => {});
        await pool.drain();
      }`;
    const env = { DATABASE_URL: database.server.connectionString };
    const result = await runProgram(new URL('../', import.meta.url), program, { env });
    expect(result).toMatchObject({ exitCode: 0, stdout: '' });
    expect(result.stderr).toMatch(/^Pool 'postgres' could not connect to [^\n]*\n$/);
    expect(result.stderr).not.toContain('secret');
  });
});
