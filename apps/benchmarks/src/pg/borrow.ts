import { createPool } from '@silly-face/pg-pool-transactions';
import genericPool from 'generic-pool';
import { createPool as createLightningPool } from 'lightning-pool';
import { Pool } from 'pg';
import { Pool as TarnPool } from 'tarn';
import { interleave } from '../harness/interleave.ts';
import { type Context, medianRow, type Row } from '../harness/row.ts';

const connections = 10;

interface Borrower {
  /** Borrows one of the open resources and gives it back, so many times, one after the other. */
  borrow(times: number): Promise<void>;
  end(): unknown;
}

/** Pools of connections have real ones; for the others any object will do, because nothing is asked of it. */
interface Resource {
  open: boolean;
}
const factory = {
  create: async (): Promise<Resource> => ({ open: true }),
  destroy: async (): Promise<void> => {},
};

/** A borrow and its release, with the guards that each pool has by default, when everything is open already. */
export async function measureBorrow({ quick, log }: Context, connectionString: string): Promise<Row> {
  const perRound = quick ? 5_000 : 100_000;
  const rounds = quick ? 3 : 9;
  const candidates: Record<string, Borrower> = {
    ours: ours(connectionString, connections),
    'pg-pool': pgPool(connectionString, connections),
    'generic-pool': generic(connections),
    tarn: tarn(connections),
    'lightning-pool': lightning(connections),
  };
  log(`pg: ${rounds} rounds of ${perRound} borrows each, one after the other, of ${connections} open ones`);
  try {
    const tasks = Object.fromEntries(
      Object.entries(candidates).map(([name, candidate]) => [
        name,
        async () => {
          const start = performance.now();
          await candidate.borrow(perRound);
          return ((performance.now() - start) * 1_000) / perRound;
        },
      ]),
    );
    const samples = await interleave(tasks, rounds);
    return medianRow(samples, {
      dimension: 'borrow and release with all default guards',
      unit: 'µs',
      better: 'lower',
      against: 'pg-pool',
      goalValue: 1.5,
    });
  } finally {
    await Promise.all(Object.values(candidates).map((candidate) => candidate.end()));
  }
}

/** Opens every resource before the first borrow that counts: while all are borrowed, no other can be lent. */
function borrower<T>(
  connections: number,
  acquire: () => PromiseLike<T>,
  release: (resource: T) => unknown,
  end: () => unknown,
): Borrower {
  let open: Promise<void> | undefined;
  const openAll = async (): Promise<void> => {
    for (const resource of await Promise.all(Array.from({ length: connections }, acquire))) release(resource);
  };
  return {
    async borrow(times) {
      open ??= openAll();
      await open;
      for (let i = 0; i < times; i++) release(await acquire());
    },
    end,
  };
}

function ours(connectionString: string, max: number): Borrower {
  const pool = createPool({ connectionString, max });
  return borrower(
    max,
    () => pool.acquire(),
    (client) => client.release(),
    () => pool.drain(),
  );
}

function pgPool(connectionString: string, max: number): Borrower {
  const pool = new Pool({ connectionString, max });
  return borrower(
    max,
    () => pool.connect(),
    (client) => client.release(),
    () => pool.end(),
  );
}

function generic(max: number): Borrower {
  const pool = genericPool.createPool(factory, { max });
  return borrower(
    max,
    () => pool.acquire(),
    (resource) => void pool.release(resource),
    () => pool.drain().then(() => pool.clear()),
  );
}

function tarn(max: number): Borrower {
  const pool = new TarnPool<Resource>({ ...factory, min: 0, max });
  return borrower(
    max,
    () => pool.acquire().promise,
    (resource) => pool.release(resource),
    () => pool.destroy(),
  );
}

function lightning(max: number): Borrower {
  const pool = createLightningPool<Resource>(factory, { max });
  return borrower(
    max,
    () => pool.acquire(),
    (resource) => pool.release(resource),
    () => pool.closeAsync(),
  );
}
