import { cancelGraceMs } from './cancellation.ts';
import { TransactionError } from './errors.ts';
import { commit } from './exchange.ts';
import { statementTimedOut } from './lease.ts';
import type { Lease } from './lease.ts';
import { Limit } from './limit.ts';
import { beginText } from './transaction-options.ts';
import type { TransactionOptions } from './transaction-options.ts';

/** How a transaction begins and ends on the wire. */
export interface Boundary {
  /** @returns a promise only if there is something to wait for */
  open(): Promise<void> | undefined;
  /**
   * Rejects if the work is not committed.
   *
   * @param firstFailure explains why the server has refused; what was not awaited may fail while COMMIT is already written
   * @param mayHandOver is the lease given back at the end anyway?
   */
  commit(firstFailure: () => unknown, mayHandOver: boolean): Promise<void>;
  /** Rejects only if the work may go on to be visible on this client. */
  rollback(): Promise<void>;
}

/** BEGIN and COMMIT or ROLLBACK. */
export class WholeTransaction implements Boundary {
  readonly #lease: Lease;
  readonly #options: TransactionOptions;
  readonly #limit: Limit | undefined;

  /** @param limit of the whole, for what nobody waits for any more or yet: a ROLLBACK after it, and a BEGIN that goes alone */
  constructor(lease: Lease, options: TransactionOptions, limit?: Limit) {
    this.#lease = lease;
    this.#options = options;
    this.#limit = limit;
  }

  open(): Promise<void> | undefined {
    const text = beginText(this.#options);
    const { connection } = this.#lease;
    if (!connection.pipelined) return this.#beginAlone(text);
    connection.mustBeAlive({ text });
    this.#lease.beginWithNext(text);
    return undefined;
  }

  async #beginAlone(text: string): Promise<void> {
    try {
      await this.#lease.send({ text }, this.#limit);
    } catch (error) {
      // It may have begun all the same. Nobody waits for the end of that, but the connection does before it is lent again.
      if (this.#lease.gaveUpFor(error)) void this.#rollbackUnheard();
      throw error;
    }
  }

  async commit(firstFailure: () => unknown, mayHandOver: boolean): Promise<void> {
    const { connection, refusedBegin } = this.#lease;
    if (this.#lease.endUnbegun()) {
      if (refusedBegin) throw rolledBack(firstFailure());
      return;
    }
    // A connection that died before is no doubtful case: the COMMIT never left.
    const sent = !connection.lost;
    const isLastWord = mayHandOver && connection.isReadyForCommit;
    try {
      const answered = this.#lease.send(commit);
      if (isLastWord) this.#lease.handOver();
      const { command } = await answered;
      // Postgres answers the COMMIT of a transaction in which something failed with a ROLLBACK, and calls that a success.
      if (command !== 'COMMIT') throw rolledBack(firstFailure());
    } catch (error) {
      if (sent && (connection.lost || this.#lease.gaveUpFor(error))) throw commitUnanswered(error);
      throw error;
    }
  }

  async rollback(): Promise<void> {
    if (this.#lease.endUnbegun()) return;
    const { connection } = this.#lease;
    const text = 'ROLLBACK';
    // Nobody else would notice that the connection is half open: the limit may be reached meanwhile.
    const patience =
      this.#limit && Limit.of(text, { timeoutMs: cancelGraceMs }, (ms) => statementTimedOut({ text }, ms));
    try {
      await this.#lease.send({ text }, patience);
    } catch (error) {
      // The server rolls back what belonged to a connection that is gone.
      if (connection.lost || this.#lease.endUnbegun()) return;
      connection.condemn('rollback failed');
      throw error;
    } finally {
      patience?.end();
    }
  }

  async #rollbackUnheard(): Promise<void> {
    try {
      await this.rollback();
    } catch {
      // The connection is condemned, and its removal is reported with this reason.
    }
  }
}

let savepoints = 0;

/** A savepoint within a transaction, released or rolled back to. */
export class Savepoint implements Boundary {
  readonly #lease: Lease;
  readonly #name = `pool_transaction_${(savepoints = (savepoints + 1) % 1_000_000)}`;

  readonly #limit: Limit | undefined;

  /** @param limit of its beginning */
  constructor(lease: Lease, limit: Limit | undefined) {
    this.#lease = lease;
    this.#limit = limit;
  }

  async open(): Promise<void> {
    await this.#lease.send({ text: `SAVEPOINT ${this.#name}` }, this.#limit);
  }

  async commit(firstFailure: () => unknown): Promise<void> {
    try {
      await this.#lease.send({ text: `RELEASE SAVEPOINT ${this.#name}` });
    } catch (error) {
      if (this.#lease.connection.lost) throw error;
      await this.rollback();
      throw rolledBack(firstFailure() ?? error);
    }
  }

  async rollback(): Promise<void> {
    try {
      // Both at once: a savepoint that was begun in between would be released along with this one.
      await Promise.all([
        this.#lease.send({ text: `ROLLBACK TO SAVEPOINT ${this.#name}` }),
        this.#lease.send({ text: `RELEASE SAVEPOINT ${this.#name}` }),
      ]);
    } catch (error) {
      if (!this.#lease.connection.lost) throw error;
    }
  }
}

export function commitUnanswered(cause: unknown): TransactionError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new TransactionError(
    'COMMIT_OUTCOME_UNKNOWN',
    `COMMIT was sent and not answered, so that the transaction may or may not be committed: ${why}`,
    { cause },
  );
}

export function rolledBack(firstFailure: unknown): TransactionError {
  const why = firstFailure instanceof Error ? firstFailure.message : 'the server refused it';
  return new TransactionError(
    'TRANSACTION_ROLLED_BACK',
    `The transaction was rolled back instead of committed: ${why}`,
    {
      cause: firstFailure,
    },
  );
}
