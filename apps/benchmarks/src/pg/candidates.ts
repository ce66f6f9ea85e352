import { createPool } from '@silly-face/pg-pool-transactions';
import { Kysely, PostgresDialect } from 'kysely';
import { Client, Pool } from 'pg';
import pgPromise from 'pg-promise';
import postgres from 'postgres';
import { createPool as createSlonikPool, sql as slonikSql } from 'slonik';

export interface Candidate {
  /** BEGIN, two inserts, COMMIT. */
  transaction(worker: number): Promise<unknown>;
  end(): Promise<unknown>;
}

const insert = 'insert into bench (worker, step) values ($1, $2)';

/** Each with its own connections, made the way its users make them. */
export const candidates = {
  ours,
  'ours, a batch': oursAsBatch,
  'ours, a batch in a block': oursAsBatchInBlock,
  'pg, by hand': pgByHand,
  'pg-pool, by hand': pgPool,
  'postgres.js': postgresJs,
  'pg-promise': pgPromised,
  kysely,
  slonik,
} satisfies Record<string, (connectionString: string, connections: number) => Candidate | Promise<Candidate>>;

export type CandidateName = keyof typeof candidates;

function ours(connectionString: string, max: number): Candidate {
  const pool = createPool({ connectionString, max });
  return {
    transaction: (worker) =>
      pool.transaction(async () => {
        await pool.query(insert, [worker, 1]);
        await pool.query(insert, [worker, 2]);
      }),
    end: () => pool.drain(),
  };
}

function oursAsBatch(connectionString: string, max: number): Candidate {
  const pool = createPool({ connectionString, max });
  return { transaction: (worker) => pool.batch(inserts(worker)), end: () => pool.drain() };
}

function oursAsBatchInBlock(connectionString: string, max: number): Candidate {
  const pool = createPool({ connectionString, max });
  return {
    transaction: (worker) => pool.transaction((transaction) => transaction.batch(inserts(worker))),
    end: () => pool.drain(),
  };
}

function inserts(worker: number): { text: string; values: number[] }[] {
  return [1, 2].map((step) => ({ text: insert, values: [worker, step] }));
}

/** What a pool can cost at the least: a stack of clients and a line of those who wait. */
async function pgByHand(connectionString: string, connections: number): Promise<Candidate> {
  const idle: Client[] = [];
  const waiting: ((client: Client) => void)[] = [];
  for (let i = 0; i < connections; i++) {
    const client = new Client({ connectionString });
    await client.connect();
    idle.push(client);
  }
  return {
    async transaction(worker) {
      const client = idle.pop() ?? (await new Promise<Client>((resolve) => waiting.push(resolve)));
      await client.query('BEGIN');
      await client.query(insert, [worker, 1]);
      await client.query(insert, [worker, 2]);
      await client.query('COMMIT');
      const next = waiting.shift();
      if (next) next(client);
      else idle.push(client);
    },
    end: () => Promise.all(idle.map((client) => client.end())),
  };
}

function pgPool(connectionString: string, max: number): Candidate {
  const pool = new Pool({ connectionString, max });
  return {
    async transaction(worker) {
      const client = await pool.connect();
      try {
        await client.query('BEGIN');
        await client.query(insert, [worker, 1]);
        await client.query(insert, [worker, 2]);
        await client.query('COMMIT');
      } finally {
        client.release();
      }
    },
    end: () => pool.end(),
  };
}

function postgresJs(connectionString: string, max: number): Candidate {
  const sql = postgres(connectionString, { max, onnotice: () => {} });
  return {
    transaction: (worker) =>
      sql.begin(async (transaction) => {
        await transaction`insert into bench (worker, step) values (${worker}, 1)`;
        await transaction`insert into bench (worker, step) values (${worker}, 2)`;
      }),
    end: () => sql.end(),
  };
}

function pgPromised(connectionString: string, max: number): Candidate {
  const db = pgPromise({ noWarnings: true })({ connectionString, max });
  return {
    transaction: (worker) =>
      db.tx(async (transaction) => {
        await transaction.none(insert, [worker, 1]);
        await transaction.none(insert, [worker, 2]);
      }),
    end: () => db.$pool.end(),
  };
}

function kysely(connectionString: string, max: number): Candidate {
  const db = new Kysely<{ bench: { worker: number; step: number } }>({
    dialect: new PostgresDialect({ pool: new Pool({ connectionString, max }) }),
  });
  return {
    transaction: (worker) =>
      db.transaction().execute(async (transaction) => {
        await transaction.insertInto('bench').values({ worker, step: 1 }).execute();
        await transaction.insertInto('bench').values({ worker, step: 2 }).execute();
      }),
    end: () => db.destroy(),
  };
}

async function slonik(connectionString: string, maximumPoolSize: number): Promise<Candidate> {
  const pool = await createSlonikPool(connectionString, { maximumPoolSize });
  return {
    transaction: (worker) =>
      pool.transaction(async (transaction) => {
        await transaction.query(slonikSql.unsafe`insert into bench (worker, step) values (${worker}, 1)`);
        await transaction.query(slonikSql.unsafe`insert into bench (worker, step) values (${worker}, 2)`);
      }),
    end: () => pool.end(),
  };
}
