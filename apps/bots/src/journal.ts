import { BotError, describe, type ServiceTrouble } from './errors.ts';

/** Somewhere that takes text, e.g. `process.stdout`. */
export interface Sink {
  write(text: string): unknown;
}

/**
 * What a bot tells: one line a move for a person who watches, on `out`; on `err` one `WARN` line for each change of the
 * service's condition and one `FATAL` line for each thing that must not be.
 */
export class Journal {
  readonly #name: string;
  readonly #out: Sink;
  readonly #err: Sink;
  #condition: string | undefined;
  #lastHint: string | undefined;

  constructor(name: string, out: Sink, err: Sink) {
    this.#name = name;
    this.#out = out;
    this.#err = err;
  }

  /** A move. */
  say(what: string): void {
    this.#lastHint = undefined;
    this.#write(this.#out, what);
  }

  /** Why nothing happens: said once, until something happens again. */
  hint(what: string): void {
    if (this.#lastHint === what) return;
    this.#lastHint = what;
    this.#write(this.#out, what);
  }

  /** The service cannot be asked: once for as long as it is the same trouble. */
  trouble(error: ServiceTrouble): void {
    if (this.#condition === error.condition) return;
    this.#condition = error.condition;
    this.#write(
      this.#err,
      `WARN  the service is in trouble, trying again each scan: ${error.request}: ${error.condition}`,
    );
  }

  /** The service answers. */
  fine(): void {
    if (this.#condition !== undefined)
      this.#write(this.#err, `WARN  the service answers again after: ${this.#condition}`);
    this.#condition = undefined;
  }

  /** Something is wrong with the service, or with the bot: a person should know. */
  fatal(operation: string, error: unknown): void {
    const request = error instanceof BotError && error.request !== undefined ? `${error.request}: ` : '';
    // An error that is none of the bot's own is a bug in it, and its place is worth more than its message.
    const place =
      error instanceof Error && !(error instanceof BotError) ? /\n\s*(at .*)/.exec(error.stack ?? '') : null;
    this.#write(
      this.#err,
      `FATAL  ${operation}: ${request}${describe(error)}${place ? ` ${place[1] ?? ''}` : ''}`,
    );
  }

  #write(sink: Sink, what: string): void {
    // One line, whatever the other player or the service put into it; no control character reaches the terminal.
    sink.write(`${this.#name}  ${what.replaceAll(/\p{Cc}+/gu, ' ')}\n`);
  }
}
