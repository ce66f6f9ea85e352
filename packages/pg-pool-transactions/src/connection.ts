import type { Client, QueryResult, Submittable } from 'pg';
import { Batch } from './batch.ts';
import { Cancellation, cancelGraceMs } from './cancellation.ts';
import type { BackendKey } from './cancellation.ts';
import type { Tether } from './borrowers.ts';
import { PoolError } from './errors.ts';
import { Exchange, lostDuring, notBegun } from './exchange.ts';
import type { Ask, Asker } from './exchange.ts';
import type { Limit } from './limit.ts';
import type { Notification } from './notification.ts';
import { Portal } from './portal.ts';
import type { Asked, Statement } from './queryable.ts';

/** How long a connection that was told to end may take before its socket is destroyed. */
const endGraceMs = 2_000;
/** How long the last words of a cursor may take that was closed, or not, when its client was released. */
const portalGraceMs = 1_000;

/**
 * One connection, from its first packet to its last: it knows whether it is alive and clean, what is on the wire, and what has to
 * wait. Pipelined, a statement is written at once; else, when the one before it is answered.
 */
export class Connection {
  /** @throws what pg says when it cannot connect. Nothing of the attempt is left open then. */
  static async open(
    makeClient: () => Client,
    pipelined: boolean,
    onLost: (connection: Connection) => void,
  ): Promise<Connection> {
    const connection = new Connection(makeClient, pipelined);
    const client = connection.#client;
    try {
      await client.connect();
      // The server's good-bye may come in one packet with its welcome.
      if (connection.#lost) throw connection.#lost;
    } catch (error) {
      client.connection.stream.destroy();
      throw error;
    }
    connection.#onLost = onLost;
    // After pg's own listener, so that it has taken note of the transaction's status.
    client.connection.on('readyForQuery', () => connection.#ready());
    return connection;
  }

  /** Are statements written without waiting for the answers to those before? */
  readonly pipelined: boolean;
  /** The pool's. */
  tether: Tether | undefined;
  readonly #makeClient: () => Client;
  readonly #client: Client;
  readonly #inFlight: Ask[] = [];
  readonly #waiting: Ask[] = [];
  #gathering = false;
  #lost: Error | undefined;
  #condemned: string | undefined;
  #onLost: ((connection: Connection) => void) | undefined;
  #onQuiet: (() => void) | undefined;
  /** Under way; until it ends, nothing is sent that it could hit. */
  #cancellation: { readonly of: Ask; readonly request: Cancellation } | undefined;
  #bearing = false;

  private constructor(makeClient: () => Client, pipelined: boolean) {
    this.#makeClient = makeClient;
    this.#client = makeClient();
    this.pipelined = pipelined;
    // Both stay for ever: a dying connection reports several errors, and one without a listener ends the process.
    this.#client.on('error', (cause) => this.#lose(cause));
    this.#client.on('end', () => this.#lose(new Error('Connection terminated unexpectedly')));
  }

  /** The server's process behind this connection. */
  get processId(): number | null {
    return (this.#client as { processID?: number | null }).processID ?? null;
  }

  /** Why this connection is dead, if it is. */
  get lost(): Error | undefined {
    return this.#lost;
  }

  /** Is every statement answered, and no request to cancel one on its way? */
  get quiet(): boolean {
    return this.#inFlight.length === 0 && this.#waiting.length === 0 && !this.#cancellation;
  }

  /** 'I' between transactions, 'T' in one, 'E' in one that has failed; unknown while a statement is under way. */
  get transactionStatus(): string | null {
    return this.quiet ? this.#client.getTransactionStatus() : null;
  }

  /** Whatever the server answers to a COMMIT that is written now: nothing is left behind it that could harm the next statement. */
  get isReadyForCommit(): boolean {
    return this.pipelined && !this.#lost && !this.#condemned && this.transactionStatus === 'T';
  }

  /** Why nobody else may get this connection, if so; to be asked when it is quiet. */
  get unfit(): string | undefined {
    if (this.#lost) return 'lost';
    if (this.#condemned) return this.#condemned;
    return this.transactionStatus === 'I' ? undefined : 'in transaction';
  }

  /** Whatever its state looks like: nobody else gets this connection. */
  condemn(reason: string): void {
    this.#condemned ??= reason;
  }

  /**
   * Settles when the server is ready for the next statement.
   *
   * @param begin goes in front of the statement, in the same packet
   * @param limit rejects earlier, and has the statement cancelled
   */
  query(asked: Asked, asker: Asker, begin?: string, limit?: Limit): Promise<QueryResult> {
    const exchange = Array.isArray(asked)
      ? new Batch(asked, asker, begin, this.#inFlight)
      : new Exchange(asked, asker, begin, this.#inFlight);
    limit?.whenReached((error) => this.giveUp((ask) => ask === exchange, error));
    this.#ask(exchange);
    return exchange.promise;
  }

  /**
   * Answers those who wait for these statements with an error. What is not yet sent is withdrawn; what the server runs it is told to
   * cancel, as soon as everything before that is answered.
   */
  giveUp(which: (ask: Ask) => boolean, error: PoolError): void {
    for (const ask of this.#waiting.filter(which)) {
      const place = this.#waiting.indexOf(ask);
      if (place === -1) continue;
      this.#waiting.splice(place, 1);
      if (ask.begins) ask.asker?.neverBegan(error);
      ask.fail(error);
      if (ask.begins) this.#refuseFrom(place, error);
    }
    for (const ask of this.#inFlight) if (which(ask)) ask.giveUp(error);
    this.#proceed();
  }

  /** Runs a query that talks to pg's connection itself. @throws PoolError `CLIENT_PIPELINED` */
  submit(query: Submittable): void {
    if (this.pipelined) {
      throw new PoolError(
        'CLIENT_PIPELINED',
        `Cannot run a ${query.constructor.name}: it needs the connection to itself, which the clients of a pool with \`pipeline: false\` have`,
      );
    }
    this.#ask(new Portal(query, this.#client, this.#inFlight));
  }

  /** @throws PoolError `CLIENT_LOST`, if the connection is known to be dead */
  mustBeAlive(statement: Statement): void {
    if (this.#lost) throw lostDuring(statement, this.#lost);
  }

  /** Hears what the channels bring to which this connection listens. */
  onNotification(listener: (notification: Notification) => void): void {
    this.#client.on('notification', ({ channel, payload = '', processId }) =>
      listener({ channel, payload, processId }),
    );
  }

  /** Calls back once every statement is answered, at once if that is so. A cursor that nobody closes is not waited for. */
  whenQuiet(callback: () => void): void {
    if (this.quiet) {
      callback();
      return;
    }
    this.#onQuiet = callback;
    if (!this.#inFlight.some((asked) => asked instanceof Portal)) return;
    const impatience = setTimeout(() => {
      this.condemn('cursor left open');
      this.#quiet();
    }, portalGraceMs);
    this.#onQuiet = () => {
      clearTimeout(impatience);
      callback();
    };
  }

  /** Says good-bye if that is possible, and resolves when the socket is closed. */
  async close(): Promise<void> {
    const { stream } = this.#client.connection;
    if (stream.closed) return;
    const closed = new Promise((resolve) => stream.once('close', resolve));
    if (this.#lost || !this.quiet) {
      stream.destroy();
    } else {
      this.#lost = new Error('The connection was closed by its pool');
      void this.#client.end();
    }
    const impatience = setTimeout(() => stream.destroy(), endGraceMs).unref();
    await closed;
    clearTimeout(impatience);
  }

  get #maySend(): boolean {
    if (this.#cancellation) return false;
    const last = this.#inFlight.at(-1);
    return last === undefined || (this.pipelined && !last.begins);
  }

  #ask(asked: Ask): void {
    if (this.#lost) asked.lose(this.#lost);
    else if (this.#waiting.length === 0 && this.#maySend) this.#send(asked);
    else this.#waiting.push(asked);
  }

  #send(asked: Ask): void {
    this.#gatherWrites();
    try {
      asked.send(this.#client);
    } catch (error) {
      asked.fail(error as Error);
    }
  }

  /**
   * All that is asked before the microtasks have run goes in one write, which costs more than all else that a statement costs here:
   * the COMMIT of one transaction and the beginning of the next, that gets the connection at that moment.
   */
  #gatherWrites(): void {
    if (this.#gathering) return;
    this.#gathering = true;
    const { stream } = this.#client.connection;
    stream.cork();
    process.nextTick(() => {
      this.#gathering = false;
      stream.uncork();
    });
  }

  #ready(): void {
    const answered = this.#inFlight.shift();
    answered?.ready();
    if (this.#cancellation && this.#cancellation.of === answered) this.#cancellation.request.answered();
    if (answered?.refusedBegin) this.#refuseFrom(0, answered.refusedBegin.cause);
    this.#proceed();
  }

  /** What was asked behind a BEGIN without effect belongs to no transaction. */
  #refuseFrom(place: number, cause: unknown): void {
    for (const ask of this.#waiting.splice(place)) ask.fail(notBegun(cause));
  }

  #proceed(): void {
    if (this.#inFlight[0]?.givenUp) this.#cancel(this.#inFlight[0]);
    while (this.#waiting.length > 0 && this.#maySend) this.#send(this.#waiting.shift() as Ask);
    if (this.quiet) this.#quiet();
  }

  /** Nobody waits for the answer that comes next. */
  #cancel(head: Ask): void {
    if (this.#cancellation || this.#lost) return;
    if (!head.cancellable) {
      this.#bearWith(head);
      return;
    }
    const request = new Cancellation(this.#makeClient, this.#client as unknown as BackendKey, {
      done: () => {
        this.#cancellation = undefined;
        this.#proceed();
      },
      impatient: () => this.#giveUpItself(),
    });
    this.#cancellation = { of: head, request };
  }

  /** A COMMIT takes as long as it takes, while somebody waits for what comes behind it; else the connection may be frozen. */
  #bearWith(commit: Ask): void {
    if (this.#bearing) return;
    this.#bearing = true;
    setTimeout(() => {
      this.#bearing = false;
      if (this.#inFlight[0] === commit && [...this.#inFlight, ...this.#waiting].every((ask) => ask.givenUp))
        this.#giveUpItself();
    }, cancelGraceMs).unref();
  }

  #giveUpItself(): void {
    this.condemn('no answer');
    this.#client.connection.stream.destroy();
  }

  #lose(cause: Error): void {
    if (this.#lost) return;
    this.#lost = cause;
    this.#cancellation?.request.end();
    this.#cancellation = undefined;
    for (const exchange of [...this.#inFlight.splice(0), ...this.#waiting.splice(0)]) exchange.lose(cause);
    this.#onLost?.(this);
    if (this.quiet) this.#quiet();
  }

  #quiet(): void {
    const callback = this.#onQuiet;
    this.#onQuiet = undefined;
    callback?.();
  }
}
