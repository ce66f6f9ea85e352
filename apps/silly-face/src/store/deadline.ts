import type { QueryResult, QueryResultRow } from 'pg';
import type { Database, TransactionOptions, Work } from './database.ts';

/** A statement or a transaction got no answer in time. Whether it took effect nobody knows yet. */
export class DatabaseTimeout extends Error {
  static {
    this.prototype.name = 'DatabaseTimeout';
  }

  readonly code = 'DATABASE_TIMEOUT';

  constructor(operation: string, limitMs: number) {
    super(`The database did not answer ${verbOf(operation)} within ${limitMs} ms`);
  }
}

function verbOf(operation: string): string {
  return operation === WHOLE ? WHOLE : (operation.trim().split(/\s/, 1)[0] ?? '');
}

const WHOLE = 'a transaction';

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
    return within(this.#limitMs, text, () => this.#db.query<Row>(text, values));
  }

  transaction<Result>(
    ...[options, work]: [work: Work<Result>] | [options: TransactionOptions, work: Work<Result>]
  ): Promise<Result> {
    if (typeof options === 'function') return this.transaction({}, options);
    return within(this.#limitMs, WHOLE, (checkTime) =>
      this.#db.transaction(options, async () => {
        const result = await (work as Work<Result>)();
        checkTime(); // The caller was told already that it failed.
        return result;
      }),
    );
  }
}

function within<Result>(
  limitMs: number,
  operation: string,
  work: (checkTime: () => void) => Promise<Result>,
): Promise<Result> {
  return new Promise<Result>((resolve, reject) => {
    let expired: DatabaseTimeout | undefined;
    const timer = setTimeout(() => {
      expired = new DatabaseTimeout(operation, limitMs);
      reject(expired);
    }, limitMs);
    const checkTime = (): void => {
      if (expired) throw expired;
    };
    // What comes after the time is over is heard, and forgotten.
    const settle = async (): Promise<void> => {
      try {
        resolve(await work(checkTime));
      } catch (error) {
        reject(error);
      } finally {
        clearTimeout(timer);
      }
    };
    void settle();
  });
}
