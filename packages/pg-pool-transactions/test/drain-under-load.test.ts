import { isUnavailable } from '@silly-face/pg-pool-transactions';
import { expect, it } from 'vitest';
import { ids, useDatabase } from './support/database.ts';

const database = useDatabase();

it('a pool that is drained under load serves whom it has admitted, refuses the rest, and loses nothing', async () => {
  const pool = database.pool({ max: 3 });
  const committed: number[] = [];
  const refused: unknown[] = [];
  let drained: Promise<void> | undefined;
  let next = 0;
  const work = async (): Promise<void> => {
    while (refused.length === 0 || drained === undefined) {
      const id = next++;
      try {
        await pool.transaction(async () => {
          await pool.query('INSERT INTO items VALUES ($1)', [2 * id]);
          await pool.query('INSERT INTO items VALUES ($1)', [2 * id + 1]);
        });
        committed.push(id);
      } catch (error) {
        refused.push(error);
      }
      if (committed.length === 50) drained ??= pool.drain();
    }
  };
  await Promise.all(Array.from({ length: 20 }, work));
  await drained;
  expect(refused.length).toBeGreaterThan(0);
  for (const error of refused) {
    expect(error).toMatchObject({ code: 'POOL_DRAINING' });
    expect(isUnavailable(error)).toBe(true);
  }
  const stored = committed.toSorted((a, b) => a - b).flatMap((id) => [2 * id, 2 * id + 1]);
  expect(await ids(database)).toEqual(stored);
  expect(pool.stats()).toMatchObject({ open: 0, idle: 0, borrowed: 0, connecting: 0, waiting: 0 });
});
