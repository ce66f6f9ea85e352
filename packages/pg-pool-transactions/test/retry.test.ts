import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { waitUntil } from '@silly-face/testing';
import { isRetryable, isUnavailable } from '@silly-face/pg-pool-transactions';
import type { Retry } from '@silly-face/pg-pool-transactions';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ids, useDatabase } from './support/database.ts';

const database = useDatabase();

const raise = (code: string): string =>
  `DO $$ BEGIN RAISE EXCEPTION 'planned' USING ERRCODE = '${code}'; END $$`;

/** As Postgres would report it. */
const conflict = (): Error => Object.assign(new Error('planned'), { code: '40001' });

describe('retries', () => {
  it('run the block again as often as it takes, at most as often as allowed, and only for what may pass', async () => {
    const pool = database.pool({ max: 2 });
    let id = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          failures: fc.integer({ min: 0, max: 3 }),
          retries: fc.integer({ min: 0, max: 3 }),
          code: fc.constantFrom('40001', '40P01', '23505', '22012'),
          how: fc.constantFrom('passed on', 'wrapped', 'swallowed'),
        }),
        async ({ failures, retries, code, how }) => {
          const passing = code.startsWith('40');
          const ends: string[] = [];
          let attempts = 0;
          id++;
          const outcome = await pool
            .transaction({ retries }, async (transaction) => {
              attempts++;
              transaction.afterCommit(() => ends.push('committed'));
              transaction.afterRollback(() => ends.push('rolled back'));
              await pool.query('INSERT INTO items VALUES ($1)', [id]);
              if (attempts > failures) return;
              await pool.query(raise(code)).catch((cause: unknown) => {
                if (how === 'passed on') throw cause;
                if (how === 'wrapped') throw new Error('wrapped', { cause });
              });
            })
            .then(
              () => 'committed',
              () => 'rolled back',
            );
          const needed = Math.min(failures, passing ? retries : 0) + 1;
          const succeeds = needed > failures;
          expect({ outcome, attempts, ends }).toEqual({
            outcome: succeeds ? 'committed' : 'rolled back',
            attempts: needed,
            ends: [
              ...Array.from({ length: needed - 1 }, () => 'rolled back'),
              succeeds ? 'committed' : 'rolled back',
            ],
          });
          expect((await ids(database)).includes(id)).toBe(succeeds);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('let everybody through a hot row in the end, each exactly once', async () => {
    await database.sql('CREATE TABLE counter AS SELECT 0 AS value');
    const pool = database.pool({ max: 8 });
    const delays: number[] = [];
    pool.on('retry', ({ delayMs, error }) => {
      delays.push(delayMs);
      expect(error).toMatchObject({ code: '40001' });
    });
    const increments = await Promise.allSettled(
      Array.from({ length: 60 }, () =>
        pool.transaction({ isolation: 'serializable', retries: 50 }, async () => {
          const { rows } = await pool.query<{ value: number }>('SELECT value FROM counter');
          await pool.query('UPDATE counter SET value = $1', [Number(rows[0]?.value) + 1]);
        }),
      ),
    );
    const done = increments.filter(({ status }) => status === 'fulfilled').length;
    expect(await database.sql('SELECT value FROM counter')).toEqual([{ value: done }]);
    expect(done).toBe(60);
    await waitUntil(() => delays.length > 0, { what: 'a collision' });
    await database.sql('DROP TABLE counter');
  });

  it('belong to the block that begins: one that joins is not run again alone', async () => {
    const pool = database.pool();
    let outer = 0;
    let inner = 0;
    await pool.transaction({ retries: 2 }, async () => {
      outer++;
      await pool.transaction({ retries: 5 }, async () => {
        inner++;
        if (outer < 3) await pool.query(raise('40001'));
      });
    });
    expect([outer, inner]).toEqual([3, 3]);
  });

  it('follow a connection that is lost before the first statement, or after it', async () => {
    const pool = database.pool();
    const ends: string[] = [];
    let attempts = 0;
    await pool.transaction({ retries: 2 }, async (transaction) => {
      attempts++;
      transaction.afterCommit(() => ends.push('committed'));
      transaction.afterRollback(() => ends.push('rolled back'));
      if (attempts === 1) await database.kill(transaction.pgClient.processId);
      await pool.query('INSERT INTO items VALUES (1)');
      if (attempts !== 2) return;
      const noticed = once(pool, 'clientLost');
      await database.kill(transaction.pgClient.processId);
      // A COMMIT that is sent before that is in doubt.
      await noticed;
    });
    expect([attempts, ends, await ids(database)]).toEqual([
      3,
      ['rolled back', 'rolled back', 'committed'],
      [1],
    ]);
  });

  it('never follow an attempt that is committed', async () => {
    const pool = database.pool();
    let attempts = 0;
    await expect(
      pool.transaction({ retries: 3 }, async (transaction) => {
        await pool.query('INSERT INTO items VALUES ($1)', [++attempts]);
        await transaction.commit();
        throw conflict();
      }),
    ).rejects.toMatchObject({ code: '40001' });
    expect(await ids(database)).toEqual([1]);
  });

  it('are told to an observer, which is awaited after the rollback, and may end them', async () => {
    const pool = database.pool({ max: 1 });
    const events: Retry[] = [];
    const seen: unknown[] = [];
    pool.on('retry', (retry) => events.push(retry));
    let attempts = 0;
    const outcome = pool.transaction(
      {
        retries: 5,
        async onRetry({ attempt, error }) {
          seen.push([attempt, attempts, pool.currentTransaction, (await pool.query('SELECT 1')).rowCount]);
          if (attempt === 2) throw new Error('enough', { cause: error });
        },
      },
      () => {
        attempts++;
        throw conflict();
      },
    );
    await expect(outcome).rejects.toMatchObject({ message: 'enough', cause: { code: '40001' } });
    expect(seen).toEqual([
      [1, 1, undefined, 1],
      [2, 2, undefined, 1],
    ]);
    expect(events).toMatchObject([{ attempt: 1, error: { code: '40001' } }]);
  });

  it('have a limit and a judge for the whole pool, and for a transaction', async () => {
    const pool = database.pool({
      retries: 2,
      isRetryable: (error) => isRetryable(error) || (error as { code?: string }).code === '23505',
    });
    const attempts = async (options: object, code: string): Promise<number> => {
      let made = 0;
      await pool
        .transaction(options, () => {
          made++;
          return pool.query(raise(code));
        })
        .catch(() => {});
      return made;
    };
    expect([
      await attempts({}, '40001'),
      await attempts({}, '23505'),
      await attempts({}, '23502'),
      await attempts({ retries: 1 }, '23505'),
      await attempts({ retries: 0 }, '40001'),
      await attempts({ isRetryable: isUnavailable }, '40001'),
      await attempts({ isRetryable: () => true }, '23502'),
    ]).toEqual([3, 3, 1, 2, 1, 1, 3]);
    for (const options of [{ retries: 1.5 }, { isRetryable: 'always' }] as object[]) {
      expect(() => database.pool(options)).toThrow(/^Expected `(retries|isRetryable)` to be/);
    }
  });

  it('that were going on when the pool is drained are served to their end', async () => {
    const pool = database.pool({ max: 1 });
    let drained: Promise<void> | undefined;
    let attempts = 0;
    const onRetry = async (): Promise<void> => {
      drained ??= pool.drain();
      const late = pool.transaction({ retries: 3, isRetryable: () => true }, () => {});
      await expect(late).rejects.toMatchObject({ code: 'POOL_DRAINING' });
    };
    await pool.transaction({ retries: 2, onRetry }, async () => {
      if (++attempts < 3) throw conflict();
      await pool.query('INSERT INTO items VALUES (1)');
    });
    await drained;
    expect([attempts, await ids(database), pool.stats().open]).toEqual([3, [1], 0]);
  });
});

describe('the retry lane', () => {
  it('tries those again that have collided, one at a time, and lets first attempts run freely', async () => {
    const pool = database.pool({ max: 5 });
    let first = 0;
    let again = 0;
    let mostAgain = 0;
    let meet!: () => void;
    const allFive = new Promise<void>((resolve) => {
      meet = resolve;
    });
    const collide = async (): Promise<void> => {
      let attempts = 0;
      await pool.transaction({ retries: 3 }, async () => {
        attempts++;
        if (attempts === 1) {
          if (++first === 5) meet();
          await allFive;
        } else {
          mostAgain = Math.max(mostAgain, ++again);
          await setImmediate();
          again--;
        }
        if (attempts < 3) throw conflict();
      });
    };
    await Promise.all(Array.from({ length: 30 }, collide));
    expect([first, mostAgain]).toEqual([30, 1]);
  });

  it('never makes one wait for itself: neither a transaction within, nor one in a hook', async () => {
    const pool = database.pool({ max: 3 });
    const done: string[] = [];
    const collideOnce = async (what: string, then: () => Promise<unknown> | void): Promise<void> => {
      let attempts = 0;
      await pool.transaction({ retries: 1, propagation: 'requires-new' }, async (transaction) => {
        if (++attempts === 1) throw conflict();
        if (what === 'outer') transaction.afterCommit(() => collideOnce('hook', () => {}));
        await then();
        done.push(what);
      });
    };
    await Promise.all([
      collideOnce('outer', () => collideOnce('inner', () => {})),
      pool.transaction(() => collideOnce('within a first attempt', () => {})),
    ]);
    expect(done.toSorted()).toEqual(['hook', 'inner', 'outer', 'within a first attempt']);
  });

  it('lets the next one in when somebody takes long, who may be waiting for it', async () => {
    const pool = database.pool({ max: 2 });
    const again: string[] = [];
    let goOn!: () => void;
    const other = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const collideOnce = async (name: string, then: () => Promise<void> | void): Promise<void> => {
      let attempts = 0;
      await pool.transaction({ retries: 1 }, async () => {
        if (++attempts === 1) throw conflict();
        again.push(name);
        await then();
      });
    };
    const firstWaitsForSecond = (): Promise<void> | void => {
      if (again.length === 1) return other;
      goOn();
    };
    await Promise.all([collideOnce('one', firstWaitsForSecond), collideOnce('other', firstWaitsForSecond)]);
    expect(again.toSorted()).toEqual(['one', 'other']);
  });
});
