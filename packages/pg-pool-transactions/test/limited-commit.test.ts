import { setTimeout as sleep } from 'node:timers/promises';
import { waitUntil } from '@silly-face/testing';
import type { Pool } from '@silly-face/pg-pool-transactions';
import { describe, expect, it } from 'vitest';
import { blockedStatement, ids, useDatabase } from './support/database.ts';

const database = useDatabase();
const forever = 'SELECT pg_sleep(600)';
const insert = 'INSERT INTO items VALUES ($1)';

/** The pool's one client is back, usable and outside of any transaction. */
async function expectSettled(pool: Pool): Promise<void> {
  await waitUntil(() => pool.stats().borrowed === 0, { what: 'the client to be back' });
  expect(pool.stats().open).toBe(1);
  const { rows } = await pool.query('SELECT now() = statement_timestamp() AS fresh');
  expect(rows).toEqual([{ fresh: true }]);
}

describe('a COMMIT', () => {
  /** A transaction whose COMMIT waits until `release`. */
  async function slowCommit(
    pool: Pool,
    options: { signal?: AbortSignal },
  ): Promise<{ committed: Promise<unknown>; arrived: () => Promise<void>; release: () => Promise<void> }> {
    await database.sql(`
      CREATE OR REPLACE FUNCTION wait_for_lock() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON items DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (NEW.id = 1) EXECUTE FUNCTION wait_for_lock()`);
    const blocked = await blockedStatement(database);
    const committed = pool
      .transaction(options, () => pool.query(insert, [1]))
      .catch((error: unknown) => error);
    return {
      committed,
      arrived: () => blocked.arrived(),
      async release() {
        await blocked.release();
        await waitUntil(() => pool.stats().borrowed === 0, { what: 'the client to be back' });
        await database.sql('DROP TRIGGER slow_commit ON items');
      },
    };
  }

  it('whose time is up is in doubt, is never cancelled, and its client is used again', async () => {
    const pool = database.pool({ max: 1 });
    const controller = new AbortController();
    const { committed, arrived, release } = await slowCommit(pool, { signal: controller.signal });
    await arrived();
    controller.abort();
    expect(await committed).toMatchObject({ code: 'COMMIT_OUTCOME_UNKNOWN', cause: { code: 'ABORTED' } });
    await release();
    await expectSettled(pool);
    expect(await ids(database)).toEqual([1]);
  });

  it('is not cancelled by the one who has got its client meanwhile', async () => {
    const pool = database.pool({ max: 1 });
    const { committed, arrived, release } = await slowCommit(pool, {});
    const controller = new AbortController();
    const next = [
      pool.transaction({ signal: controller.signal }, () => pool.query(forever)),
      pool.query({ text: insert, values: [3], signal: controller.signal }),
    ].map((asked) => asked.catch((error: unknown) => error));
    await arrived();
    expect(pool.stats()).toMatchObject({ borrowed: 1, waiting: 1 });
    controller.abort();
    expect(await Promise.all(next)).toMatchObject([{ code: 'ABORTED' }, { code: 'ABORTED' }]);
    // Longer than a request to cancel takes.
    await sleep(50);
    await release();
    expect(await committed).toMatchObject({ command: 'INSERT' });
    await expectSettled(pool);
    expect(await ids(database)).toEqual([1]);
  });
});
