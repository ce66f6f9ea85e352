import type { QueryResult, QueryResultRow } from 'pg';
import type { Database, TransactionOptions, Work } from './database.ts';

/** A statement or a transaction got no answer in time. Whether it took effect nobody knows yet. */
export class DatabaseTimeout extends Error {
  static {
    this.prototype.name = 'DatabaseTimeout';
  }

  readonly code = 'DATABASE_TIMEOUT';

  constructor(operation: string, limitMs: number) {
    super(`The database did not answer ${operation} within ${limitMs} ms`);
  }
}

/**
 * The database for callers who cannot wait: each statement, or transaction as a whole, is answered within the limit, also by a
 * server that is frozen and so keeps none of its own limits. The client stays borrowed until the server has answered; a
 * transaction that has not come to its COMMIT by then is rolled back.
 */
export function withDeadline(db: Database, limitMs: number): Database {
  return new ImpatientDatabase(db, limitMs);
}

/** Throws DatabaseTimeout besides what the database does. */
class ImpatientDatabase implements Database {
  readonly #db: Database;
  readonly #limitMs: number;

  constructor(db: Database, limitMs: number) {
    this.#db = db;
    this.#limitMs = limitMs;
  }

  query<Row extends QueryResultRow>(text: string, values?: unknown[]): Promise<QueryResult<Row>> {
    const [verb = ''] = text.trim().split(/\s/, 1);
    return within(this.#limitMs, verb, () => this.#db.query<Row>(text, values));
  }

  transaction<Result>(
    ...[options, work]: [work: Work<Result>] | [options: TransactionOptions, work: Work<Result>]
  ): Promise<Result> {
    if (typeof options === 'function') return this.transaction({}, options);
    return within(this.#limitMs, 'a transaction', (checkTime) =>
      this.#db.transaction(options, async () => {
        const result = await (work as Work<Result>)();
        checkTime(); // The caller was told already that it failed.
        return result;
      }),
    );
  }
}

async function within<Result>(
  limitMs: number,
  operation: string,
  work: (checkTime: () => void) => Promise<Result>,
): Promise<Result> {
  let expired: DatabaseTimeout | undefined;
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      expired = new DatabaseTimeout(operation, limitMs);
      reject(expired);
    }, limitMs);
  });
  const checkTime = (): void => {
    if (expired) throw expired;
  };
  try {
    // The race also hears, and forgets, what comes after it is over.
    return await Promise.race([work(checkTime), expiry]);
  } finally {
    clearTimeout(timer);
  }
}
