import type { Client, QueryResult } from 'pg';
import { Exchange, WireQuery } from './exchange.ts';
import type { Ask, Asker, Wire } from './exchange.ts';
import { forgetDropped } from './named-statements.ts';
import type { Statement } from './queryable.ts';

/**
 * Several statements with one synchronization point behind them all, and their answers: the server runs one after the other without
 * a word from here, and skips what comes behind one that fails. Outside a transaction it makes them all permanent, or none.
 */
export class Batch extends Exchange {
  readonly #parts: readonly Part[];
  #answered = 0;

  /** @param statements at least one */
  constructor(statements: readonly Statement[], asker: Asker, begin: string | undefined, inFlight: Ask[]) {
    super(statements[0] as Statement, asker, begin, inFlight);
    this.#parts = statements.map((statement) => new Part(statement));
  }

  override send(client: Client): void {
    for (const part of this.#parts) part.useTypesOf(client);
    super.send(client);
  }

  /** As each of its parts. */
  override requiresPreparation(): boolean {
    return true;
  }

  override handleRowDescription(message: unknown): void {
    this.#current?.handleRowDescription(message);
  }

  override handleDataRow(message: unknown): void {
    this.#current?.handleDataRow(message);
  }

  override handleCommandComplete(message: { readonly text: string }, wire: Wire): void {
    if (this.awaitsBegin) {
      super.handleCommandComplete(message, wire);
      return;
    }
    forgetDropped(message.text, wire);
    this.#current?.handleCommandComplete(message, wire);
    this.#next();
  }

  /** The text of the statement was empty. */
  override handleEmptyQuery(): void {
    this.#next();
  }

  override handleError(error: Error, wire: Wire): void {
    // The server has skipped them, so that it does not know their names.
    for (const { name } of this.#parts.slice(this.#answered))
      if (name !== undefined) delete wire.submittedNamedStatements[name];
    super.handleError(this.awaitsBegin ? error : at(this.#answered, error), wire);
  }

  override handleReadyForQuery(wire: Wire): void {
    const batchIndex = this.#parts.findIndex((part) => part.unreadable);
    const unreadable = this.#parts[batchIndex]?.unreadable;
    if (unreadable) super.handleError(at(batchIndex, unreadable), wire);
    else this.callback(null, this.#parts.map(({ result }) => result) as unknown as QueryResult);
  }

  /** All or nothing: a value that cannot be expressed is found before the first byte has left. */
  protected override write(wire: Wire): Error | null {
    const messages: Uint8Array[] = [];
    const names = { ...wire.submittedNamedStatements };
    const draft = Object.create(wire, {
      _send: { value: (message: Uint8Array) => messages.push(message) },
      submittedNamedStatements: { value: names },
    }) as Wire;
    for (const [batchIndex, part] of this.#parts.entries()) {
      const refusal = part.submit(draft) ?? part.inexpressible;
      if (refusal) return at(batchIndex, refusal);
    }
    Object.assign(wire.submittedNamedStatements, names);
    wire.stream.write(Buffer.concat(messages));
    wire.sync();
    return null;
  }

  get #current(): Part | undefined {
    return this.#parts[this.#answered];
  }

  #next(): void {
    this.#answered++;
    // pg notes a named statement as parsed under the name of the query that it believes to be answered.
    this.text = this.#current?.text;
    this.name = this.#current?.name;
  }
}

/** Says where in the batch, unless that is already known. */
function at(batchIndex: number, error: Error): Error {
  return 'batchIndex' in error ? error : Object.assign(error, { batchIndex });
}

/** One statement of a batch, with what it answers. */
class Part extends WireQuery {
  inexpressible: Error | undefined;

  constructor(statement: Statement) {
    super(statement, statement.values);
    this.callback = (error) => {
      this.inexpressible = error ?? undefined;
    };
  }

  get result(): QueryResult {
    return this._result;
  }

  /** Why a row of it could not be parsed, if so. */
  get unreadable(): Error | undefined {
    return this._canceledDueToError || undefined;
  }

  useTypesOf(client: Client): void {
    this._result._types ??= (client as unknown as { _types: unknown })._types;
  }

  override requiresPreparation(): boolean {
    return true;
  }

  /** Without the synchronization point. */
  override _getRows(wire: Wire): void {
    wire.execute({ portal: this.portal });
  }
}
