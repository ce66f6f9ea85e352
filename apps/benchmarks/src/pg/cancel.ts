import { setTimeout as sleep } from 'node:timers/promises';
import { createPool } from '@silly-face/pg-pool-transactions';
import { Client } from 'pg';
import postgres from 'postgres';
import { interleave } from '../harness/interleave.ts';
import { type Context, medianRow, type Row } from '../harness/row.ts';

const endless = 'select pg_sleep(600) as endless';

interface Candidate {
  /** Begins the statement that never ends. @returns how its caller gives it up */
  ask(): { giveUp: () => void; outcome: Promise<unknown> };
  end(): Promise<unknown>;
}

/** From a caller's abort to the moment at which the server does not run the statement any more. */
export async function measureCancel({ quick, log }: Context, connectionString: string): Promise<Row> {
  const rounds = quick ? 3 : 20;
  log(`pg: ${rounds} statements given up`);
  const admin = new Client({ connectionString });
  await admin.connect();
  const runs = async (): Promise<boolean> => {
    const { rowCount } = await admin.query(
      "select from pg_stat_activity where query = $1 and state = 'active' and pid <> pg_backend_pid()",
      [endless],
    );
    return rowCount === 1;
  };
  const round = async (candidate: Candidate): Promise<number> => {
    const { giveUp, outcome } = candidate.ask();
    const settled = outcome.catch(() => {});
    while (!(await runs())) await sleep(1);
    const start = performance.now();
    giveUp();
    while (await runs());
    const ms = performance.now() - start;
    await settled;
    return ms;
  };
  const candidates = { ours: ours(connectionString), 'postgres.js': postgresJs(connectionString) };
  try {
    const samples = await interleave(
      { ours: () => round(candidates.ours), 'postgres.js': () => round(candidates['postgres.js']) },
      rounds,
    );
    return medianRow(samples, {
      dimension: "a caller's abort to 'cancelled on the server'",
      unit: 'ms',
      better: 'lower',
      against: 'postgres.js',
      goalValue: 50,
    });
  } finally {
    await Promise.all([admin.end(), candidates.ours.end(), candidates['postgres.js'].end()]);
  }
}

function ours(connectionString: string): Candidate {
  const pool = createPool({ connectionString });
  return {
    ask() {
      const controller = new AbortController();
      const outcome = pool.query({ text: endless, signal: controller.signal });
      return { giveUp: () => controller.abort(), outcome };
    },
    end: () => pool.drain(),
  };
}

function postgresJs(connectionString: string): Candidate {
  const sql = postgres(connectionString, { onnotice: () => {} });
  return {
    ask() {
      const outcome = sql.unsafe(endless).simple();
      return { giveUp: () => outcome.cancel(), outcome: outcome.execute() };
    },
    end: () => sql.end(),
  };
}
