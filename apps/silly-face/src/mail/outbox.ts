import type { Letter } from './letter.ts';

/** The way that letters take. */
export interface Transport {
  /** Rejects when it did not get there, with a `DeliveryError` or another error. */
  send(letter: Letter, signal: AbortSignal): Promise<void>;
}

/** Why a letter did not get there. Its message holds no secret. */
export class DeliveryError extends Error {
  static {
    this.prototype.name = 'DeliveryError';
  }

  readonly code = 'mail-not-sent';
  /** The server does not want it: to try again is of no use. */
  readonly isRefused: boolean;

  constructor(message: string, options: ErrorOptions & { isRefused: boolean }) {
    super(message, options);
    this.isRefused = options.isRefused;
  }
}

export interface OutboxOptions {
  transport: Transport;
  /** Gets, at once and for good, what cannot be sent. */
  keep: (letter: Letter, reason: string) => void;
  /** Before the second attempt; doubled before each further one. @default 5_000 */
  retryDelayMs?: number;
  /** @default 8, which takes about ten minutes */
  maxAttempts?: number;
  /** How many letters may wait. @default 100 */
  capacity?: number;
}

/**
 * Sends letters one after the other, in the background, and tries each again until it is there. Nobody ever waits for it, and none
 * is lost: what does not get there, or has no place in the queue, is kept elsewhere.
 */
export class Outbox {
  readonly #options: Required<OutboxOptions>;
  readonly #queue: Letter[] = [];
  readonly #over = new AbortController();
  /** Ends the wait before the next attempt. */
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: OutboxOptions) {
    this.#options = { retryDelayMs: 5_000, maxAttempts: 8, capacity: 100, ...options };
    process.on('exit', this.#keepAll);
  }

  post(letter: Letter): void {
    const { capacity, keep } = this.#options;
    if (this.#over.signal.aborted) return keep(letter, 'the backend has ended');
    if (this.#queue.length >= capacity) return keep(letter, `${capacity} others wait to be sent`);
    this.#queue.push(letter);
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
  }

  /** What waits, and what comes, is kept instead of sent. */
  abandon(): void {
    this.#closing.abort();
    this.#over.abort(new Error('the backend has ended'));
  }

  /** Each that waits is tried once more, all of them within the limit. */
  async close(limitMs: number): Promise<void> {
    this.#closing.abort();
    const limit = setTimeout(() => this.abandon(), limitMs);
    await this.#running;
    clearTimeout(limit);
    this.abandon();
    process.off('exit', this.#keepAll);
  }

  async #run(): Promise<void> {
    for (;;) {
      const [letter] = this.#queue;
      if (!letter) return;
      const failure = await this.#deliver(letter);
      this.#queue.shift();
      if (failure !== undefined) this.#options.keep(letter, failure);
    }
  }

  /** Resolves with the reason when it is not there and will not be. */
  async #deliver(letter: Letter): Promise<string | undefined> {
    const { transport, maxAttempts, retryDelayMs } = this.#options;
    const over = this.#over.signal;
    for (let attempt = 1; ; attempt++) {
      if (over.aborted) return 'the backend has ended';
      try {
        await transport.send(letter, over);
        return undefined;
      } catch (error) {
        const isRefused = error instanceof DeliveryError && error.isRefused;
        if (isRefused || attempt >= maxAttempts || this.#closing.signal.aborted) return messageOf(error);
      }
      await waited(retryDelayMs * 2 ** (attempt - 1), this.#closing.signal);
    }
  }

  readonly #keepAll = (): void => {
    for (const letter of this.#queue.splice(0)) this.#options.keep(letter, 'the backend has ended');
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Keeps no process alive. */
function waited(delayMs: number, sooner: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      sooner.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, delayMs).unref();
    if (sooner.aborted) done();
    else sooner.addEventListener('abort', done);
  });
}
