import { inspect } from 'node:util';
import { createPool } from '@silly-face/pg-pool-transactions';
import { describe, expect, it } from 'vitest';
import { ids, useDatabase } from './support/database.ts';

const database = useDatabase();

describe('options', () => {
  it.each([
    [{ max: 0 }, 'Expected `max` to be a positive integer, got 0'],
    [{ min: 11 }, 'Expected `min` to be an integer from 0 to 10, got 11'],
    [{ acquireTimeoutMs: -1 }, 'Expected `acquireTimeoutMs` to be a positive number, got -1'],
    [{ idleTimeoutMs: Number.NaN }, 'Expected `idleTimeoutMs` to be a positive number, got NaN'],
    [{ connectTimeoutMs: 2 ** 31 }, 'Expected `connectTimeoutMs` to be at most 2147483647, got 2147483648'],
    [{ maxLifetimeMs: 0 }, 'Expected `maxLifetimeMs` to be a positive number, got 0'],
    [{ heldTooLongMs: '1' }, 'Expected `heldTooLongMs` to be a positive number, got "1"'],
    [{ maxWaiting: -1 }, 'Expected `maxWaiting` to be an integer from 0, or Infinity, got -1'],
    [{ captureStacks: 'later' }, 'Expected `captureStacks` to be a boolean or \'on suspicion\', got "later"'],
    [{ resetOnRelease: '' }, 'Expected `resetOnRelease` to be a boolean, SQL or a function, got ""'],
    [{ pipeline: 1 }, 'Expected `pipeline` to be a boolean, got 1'],
    [{ name: '' }, 'Expected `name` to be a string that is not empty, got ""'],
    [{ query_timeout: 1 }, 'Unknown option `query_timeout`'],
    [null, 'Expected the options to be an object, got null'],
  ])('%j are refused', (options, message) => {
    expect(() => createPool(options as object)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTIONS', message: expect.stringContaining(message) }),
    );
  });

  it('never show the password', async () => {
    const secret = 'hunter2-s3cret';
    const connectionString = `postgres://user:${secret}@127.0.0.1:1/none`;
    const pool = database.pool({ connectionString });
    const error = await pool.query('SELECT 1').catch((caught: unknown) => caught);
    const broken = ((): unknown => {
      try {
        return createPool({ connectionString: `postgres://user:${secret}@[broken` });
      } catch (caught) {
        return caught;
      }
    })();
    expect(broken).toMatchObject({ code: 'INVALID_OPTIONS' });
    const client = await database.pool().acquire();
    for (const shown of [pool, error, broken, client]) {
      expect(inspect(shown, { depth: 10, showHidden: true })).not.toContain(secret);
    }
    client.release();
    expect(await ids(database)).toEqual([]);
  });
});
