import { expect, it } from 'vitest';
import { useDatabase } from './support/database.ts';

const database = useDatabase();

it('a client goes back at the end of its block, with `using` and `await using`', async () => {
  const pool = database.pool({ max: 1 });
  {
    using client = await pool.acquire();
    expect((await client.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
    expect(pool.stats().borrowed).toBe(1);
  }
  {
    await using client = await pool.acquire();
    expect((await client.query('SELECT 2 AS n')).rows).toEqual([{ n: 2 }]);
    expect(pool.stats().borrowed).toBe(1);
  }
  expect(pool.stats().borrowed).toBe(0);
});

it('a client that was released before the end of its block is not released twice', async () => {
  const pool = database.pool({ max: 1 });
  {
    using first = await pool.acquire();
    await using second = (first.release(), await pool.acquire());
    second.release();
  }
  expect(pool.stats()).toMatchObject({ borrowed: 0, idle: 1 });
});
