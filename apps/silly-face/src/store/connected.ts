import { Client } from 'pg';

const CONNECT_MS = 10_000;

/** What is done in a connection of its own, which is closed after it. */
export async function connected<Result>(
  databaseUrl: string,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = new Client({ connectionString: databaseUrl, connectionTimeoutMillis: CONNECT_MS });
  // A connection that breaks is reported by the step that needs it; without a listener it would end this process.
  client.on('error', () => {});
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Why something did not come about just now, and may a little later: somebody holds a lock, or there is no connection. */
export type PassingTrouble = 'locked' | 'away';

/** Undefined for what will not pass. */
export function passingTrouble(error: unknown): PassingTrouble | undefined {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  if (LOCKED.has(code)) return 'locked';
  return AWAY.test(code) || LOST.test(message) ? 'away' : undefined;
}

/** Deadlock; lock_timeout. */
const LOCKED: ReadonlySet<string> = new Set(['40P01', '55P03']);

/** The network's codes, and Postgres's: it starts, stops, has crashed, has too many connections, has lost this one. */
const AWAY =
  /^(?:ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|57P0[1-3]|53300|08\w{3})$/;

/** The driver says these in words alone; and a unix socket, unlike another file, may come yet. */
const LOST = /^connect ENOENT|Connection terminated|timeout expired|connection error and is not queryable/;
