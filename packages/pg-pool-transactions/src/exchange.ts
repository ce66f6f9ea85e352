import { Query } from 'pg';
import type { Client, QueryResult } from 'pg';
import { beginMessages } from './begin-messages.ts';
import { PoolError, TransactionError } from './errors.ts';
import { forgetDropped } from './named-statements.ts';
import type { Asked, Statement } from './queryable.ts';

/** Who has asked something of a connection; hears of the answer before the asker's promise does. */
export interface Asker {
  noteFailure(error: unknown): void;
  /** The BEGIN that was sent with a statement did not take effect. */
  neverBegan(cause: unknown): void;
  /** Somebody has given up to wait for a statement that the server has, and may have run. */
  gaveUp(error: PoolError): void;
}

/** Something that is asked of a connection, from then on until the server is ready for the next. */
export interface Ask {
  /** Does it begin a transaction? What comes behind it must not be sent before that is certain. */
  readonly begins: boolean;
  /** Why its BEGIN was refused, if it was. */
  readonly refusedBegin: { readonly cause: unknown } | undefined;
  readonly asker: Asker | undefined;
  /** Nobody waits for its answer any more. */
  readonly givenUp: boolean;
  /** May the server be told to cancel it? Of a COMMIT that would leave open what came of it. */
  readonly cancellable: boolean;
  send(client: Client): void;
  /** The server is ready for the next. */
  ready(): void;
  fail(error: Error): void;
  lose(cause: Error): void;
  /** It is on the wire, and its asker does not wait any longer. */
  giveUp(error: PoolError): void;
}

/** The part of pg's connection that its queries write to. */
export interface Wire {
  readonly stream: { cork(): void; uncork(): void; write(bytes: Uint8Array): boolean };
  readonly parsedStatements: Record<string, string>;
  readonly submittedNamedStatements: Record<string, string>;
  execute(config: { portal: string }): void;
  sync(): void;
}

/** What pg's `Query` has besides its declared API; the client calls it as the messages come in. */
export interface WireQuery {
  text: string | undefined;
  name: string | undefined;
  values: unknown[] | undefined;
  readonly portal: string;
  callback: (error: Error | null, result?: QueryResult) => void;
  readonly _result: QueryResult & { _types?: unknown };
  readonly _canceledDueToError: Error | false;
  requiresPreparation(): boolean;
  submit(wire: Wire): Error | null;
  _getRows(wire: Wire): void;
  handleRowDescription(message: unknown): void;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: { readonly text: string }, wire: Wire): void;
  handleEmptyQuery(wire: Wire): void;
  handleCopyInResponse(wire: Wire): void;
  handleError(error: Error, wire: Wire): void;
  handleReadyForQuery(wire: Wire): void;
}

export const WireQuery = Query as unknown as new (
  textOrConfig: string | Statement,
  values: unknown[] | undefined,
) => WireQuery;

export const commit: Statement = { text: 'COMMIT' };

/**
 * A statement and its answer. It is settled when the server is ready for the next one: pg speaks up about an error before the
 * server has told what became of the transaction.
 *
 * A BEGIN that goes with it is not a statement of its own on the wire: both share one synchronization point, so that the server
 * skips the statement when the BEGIN fails. Otherwise it would run outside of any transaction, and at once be permanent.
 */
export class Exchange extends WireQuery implements Ask {
  readonly promise: Promise<QueryResult>;
  readonly #statement: Statement;
  readonly asker: Asker;
  readonly #begin: string | undefined;
  readonly #inFlight: Ask[];
  #awaitsBegin = false;
  #sent = false;
  #settled = false;
  #givenUp = false;
  #failure: Error | undefined;
  #result: QueryResult | undefined;
  #resolve!: (result: QueryResult) => void;
  #reject!: (error: Error) => void;

  /** @param inFlight where it queues up once it is on the wire */
  constructor(statement: Statement, asker: Asker, begin: string | undefined, inFlight: Ask[]) {
    super(isPlain(statement) ? statement.text : statement, statement.values);
    this.#statement = statement;
    this.asker = asker;
    this.#begin = begin;
    this.#inFlight = inFlight;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.callback = (error, result) => {
      if (error) this.#failure ??= error;
      else this.#result = result;
      // What pg refuses to send gets no answer.
      if (!this.#sent) this.ready();
    };
  }

  get begins(): boolean {
    return this.#begin !== undefined;
  }

  get refusedBegin(): { readonly cause: unknown } | undefined {
    return this.#awaitsBegin ? { cause: this.#failure } : undefined;
  }

  /** Is the BEGIN that went with it not yet answered? */
  protected get awaitsBegin(): boolean {
    return this.#awaitsBegin;
  }

  get givenUp(): boolean {
    return this.#givenUp;
  }

  get cancellable(): boolean {
    return this.#statement.text !== commit.text;
  }

  send(client: Client): void {
    client.query(this as unknown as Query);
  }

  ready(): void {
    if (this.#settled && !this.#givenUp) return;
    if (this.#failure) {
      if (this.#awaitsBegin) this.asker.neverBegan(this.#failure);
      this.fail(this.#failure);
      return;
    }
    this.#settled = true;
    this.#resolve(this.#result as QueryResult);
  }

  fail(error: Error): void {
    if (this.#settled) return;
    this.#settled = true;
    this.asker.noteFailure(error);
    this.#reject(error);
  }

  lose(cause: Error): void {
    this.fail(lostDuring(this.#statement, this.#failure ?? cause));
  }

  giveUp(error: PoolError): void {
    if (this.#settled) return;
    this.#givenUp = true;
    this.fail(error);
    this.asker.gaveUp(error);
  }

  override submit(wire: Wire): Error | null {
    // Already now: while it is being sent, pg may find that it cannot express a value, and still expects an answer.
    this.#sent = true;
    const refusal = this.#begin === undefined ? this.write(wire) : this.#submitWithBegin(this.#begin, wire);
    if (refusal) this.#sent = false;
    else this.#inFlight.push(this);
    return refusal;
  }

  override handleCommandComplete(message: { readonly text: string }, wire: Wire): void {
    if (!this.#awaitsBegin) {
      forgetDropped(message.text, wire);
      super.handleCommandComplete(message, wire);
      return;
    }
    this.#awaitsBegin = false;
    this.name = this.#statement.name;
  }

  override handleError(error: Error, wire: Wire): void {
    if (this.#awaitsBegin) this.#afterRefusedBegin(wire);
    super.handleError(error, wire);
  }

  override handleCopyInResponse(wire: Wire): void {
    super.handleCopyInResponse(wire);
    // The server has taken the synchronization point behind the statement for a part of the data, and skips everything up to one.
    if (this.requiresPreparation()) wire.sync();
  }

  /** Writes what is asked, without a BEGIN. @returns why not, with nothing written then */
  protected write(wire: Wire): Error | null {
    return super.submit(wire);
  }

  #submitWithBegin(begin: string, wire: Wire): null {
    this.#awaitsBegin = true;
    wire.stream.cork();
    try {
      wire.stream.write(beginMessages(begin));
      const refusal = this.write(wire);
      if (refusal) {
        this.#failure = refusal;
        wire.sync();
      }
    } finally {
      wire.stream.uncork();
    }
    // pg notes a named statement as parsed at the first sign of it, which here is the BEGIN's.
    this.name = undefined;
    return null;
  }

  #afterRefusedBegin(wire: Wire): void {
    const { name } = this.#statement;
    if (name !== undefined) delete wire.submittedNamedStatements[name];
    // A simple query brings no synchronization point of its own, and the server skips everything up to the next one.
    else if (!this.requiresPreparation() && !this.#failure) wire.sync();
  }
}

/** pg copies a config object field by field, and a text not. */
function isPlain({ text, name, rowMode, types }: Statement): boolean {
  return typeof text === 'string' && name === undefined && rowMode === undefined && types === undefined;
}

export function lostDuring(statement: Statement, cause: Error): PoolError {
  const message = `The connection was lost during ${nameOf(statement)}: ${cause.message}`;
  return new PoolError('CLIENT_LOST', message, { cause });
}

/** The first word of it, for messages. */
export function nameOf(asked: Asked): string {
  if (Array.isArray(asked)) return `a batch of ${asked.length}`;
  return typeof asked.text === 'string' ? (asked.text.trim().split(/\s/, 1)[0] ?? '') : 'a statement';
}

export function notBegun(cause: unknown): TransactionError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new TransactionError('TRANSACTION_ROLLED_BACK', `The transaction could not begin: ${why}`, {
    cause,
  });
}
