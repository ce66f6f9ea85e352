import type { QueryResult, Submittable } from 'pg';
import type { Tether } from './borrowers.ts';
import type { Connection } from './connection.ts';
import { PoolError } from './errors.ts';
import { nameOf, notBegun } from './exchange.ts';
import type { Asker } from './exchange.ts';
import { Limit } from './limit.ts';
import type { Asked } from './queryable.ts';
import { noteLent, queryAttributes, tellReleased, trace, tracing } from './tracing.ts';
import type { TraceAttributes } from './tracing.ts';

/** Hears of every statement that fails in a lease. */
export interface FailureObserver {
  noteFailure(error: unknown): void;
  /** It is open whether a statement has run, so that nothing may be committed with it. */
  doom(error: unknown): void;
}

/** Who lends connections. */
export interface Lender {
  /** How long a statement may take that has no limit of its own. */
  readonly statementTimeoutMs: number;
  /** How its server is called in traces. */
  readonly attributes: TraceAttributes;
  /** The connection has nothing left to answer. */
  takeBack(lease: Lease): void;
  /**
   * The connection has only the answer to a COMMIT left to give.
   *
   * @returns whether somebody has waited for it, who now has it
   */
  handOver(lease: Lease): boolean;
}

/**
 * One stay of a connection with one borrower. Statements that are asked in parallel run one after the other, in the order in which
 * they were asked. A connection that is released in the middle of a statement goes back when that has been answered.
 */
export class Lease implements Asker {
  readonly connection: Connection;
  readonly lender: Lender;
  /** The innermost transaction that runs here. */
  observer: FailureObserver | undefined;
  /** The lender's. */
  tether: Tether | undefined;
  #begin: string | undefined;
  #refusedBegin: { readonly cause: unknown } | undefined;
  #released = false;
  #gaveUpFor: PoolError | undefined;

  constructor(connection: Connection, lender: Lender) {
    this.connection = connection;
    this.lender = lender;
    if (tracing.release.hasSubscribers) noteLent(this);
  }

  get released(): boolean {
    return this.#released;
  }

  /** Why the BEGIN that went with the first statement has not begun a transaction, if so. */
  get refusedBegin(): { readonly cause: unknown } | undefined {
    return this.#refusedBegin;
  }

  /** Is that the error of a statement that the server has got, and whose answer was not waited for? */
  gaveUpFor(error: unknown): boolean {
    return this.#gaveUpFor !== undefined && this.#gaveUpFor === error;
  }

  /** @param limit ends the wait, and cancels the statement on the server */
  send(asked: Asked, limit?: Limit): Promise<QueryResult> {
    if (this.#released) throw this.#gone('query');
    if (this.#refusedBegin) throw notBegun(this.#refusedBegin.cause);
    limit?.mustNotBeReached();
    const begin = this.#begin;
    this.#begin = undefined;
    if (limit || this.lender.statementTimeoutMs !== Infinity) return this.#sendLimited(asked, begin, limit);
    return this.#query(asked, begin);
  }

  /** Most statements of a pool with a `statementTimeoutMs` come this way: without a promise or a text more than they need. */
  #sendLimited(asked: Asked, begin: string | undefined, given: Limit | undefined): Promise<QueryResult> {
    if (given) return this.#query(asked, begin, given);
    const limit = Limit.of('', { timeoutMs: this.lender.statementTimeoutMs }, (ms) =>
      statementTimedOut(asked, ms),
    );
    const answer = this.#query(asked, begin, limit);
    const end = (): void => limit?.end();
    answer.then(end, end);
    return answer;
  }

  #query(asked: Asked, begin: string | undefined, limit?: Limit): Promise<QueryResult> {
    if (!tracing.query.hasSubscribers) return this.connection.query(asked, this, begin, limit);
    const attributes = queryAttributes(this.lender.attributes, asked);
    return trace(tracing.query, attributes, () => this.connection.query(asked, this, begin, limit));
  }

  /** Answers everybody who waits for a statement here, and has the server cancel what it still runs. */
  giveUp(error: PoolError): void {
    this.connection.giveUp((ask) => ask.asker === this, error);
  }

  /** Runs a query that talks to pg's connection itself. @throws PoolError `CLIENT_RELEASED`, `CLIENT_PIPELINED` */
  submit(query: Submittable): void {
    if (this.#released) throw this.#gone('query');
    this.connection.submit(query);
  }

  /** Begins a transaction along with the next statement. */
  beginWithNext(begin: string): void {
    if (this.#released) throw this.#gone('begin a transaction');
    this.#begin = begin;
  }

  /** Ends a transaction of which nothing is on the wire. @returns whether it is one */
  endUnbegun(): boolean {
    if (this.#released) return false;
    const unbegun = this.#begin !== undefined || this.#refusedBegin !== undefined;
    this.#begin = undefined;
    this.#refusedBegin = undefined;
    return unbegun;
  }

  noteFailure(error: unknown): void {
    this.observer?.noteFailure(error);
  }

  neverBegan(cause: unknown): void {
    this.#refusedBegin = { cause };
  }

  gaveUp(error: PoolError): void {
    this.#gaveUpFor = error;
    this.observer?.doom(error);
  }

  release(): void {
    if (this.#released) throw this.#gone('release');
    this.#released = true;
    if (tracing.release.hasSubscribers) tellReleased(this);
    this.connection.whenQuiet(() => this.lender.takeBack(this));
  }

  /**
   * Releases the connection to whoever waits for one, although its last statement is not yet answered. The answers come in the
   * order of the statements, so that nothing the next one does can come in between; and the next one's release waits for them all.
   */
  handOver(): void {
    if (this.#released || !this.lender.handOver(this)) return;
    this.#released = true;
    if (tracing.release.hasSubscribers) tellReleased(this);
  }

  #gone(operation: string): PoolError {
    return new PoolError(
      'CLIENT_RELEASED',
      `Cannot ${operation}: this client was released, it may be somebody else's by now`,
    );
  }
}

export function statementTimedOut(asked: Asked, timeoutMs: number): PoolError {
  return new PoolError('STATEMENT_TIMEOUT', `${nameOf(asked)} was not answered within ${timeoutMs} ms`);
}
