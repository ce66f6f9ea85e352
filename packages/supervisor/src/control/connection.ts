import type { Socket } from 'node:net';
import { SupervisorError } from '../errors.ts';
import { FrameReader, toFrame } from './frames.ts';
import { parseRequest, type ControlRequest } from './request.ts';

/** Answers one request: what it returns goes out with `ok: true`, what it throws with `ok: false`. */
export type Answer = (request: ControlRequest, client: ControlClientSide) => Promise<object>;

/** What an answer knows of the one who asks. */
export interface ControlClientSide {
  /** Aborted when the client has left. */
  readonly gone: AbortSignal;
  /** Something to know before the answer. */
  tell(event: object): void;
}

/**
 * One client. Its requests are answered one after the other; every frame that is no request gets an error. Whoever begins a
 * frame and does not end it, asks nothing, asks faster than it can be answered, or does not read the answers, is removed, and told
 * why.
 */
export class ControlConnection {
  /** Resolves when nothing of it is left. */
  readonly ended: Promise<void>;
  readonly #socket: Socket;
  readonly #answer: Answer;
  readonly #frames = new FrameReader(MAX_REQUEST_BYTES);
  readonly #gone = new AbortController();
  /** What the socket does not take yet. Here and not in the socket, which could not be relieved of it. */
  #unsent: string[] = [];
  #unsentLength = 0;
  #answering: Promise<void> = Promise.resolve();
  #unanswered = 0;
  #closing = false;
  #idle: NodeJS.Timeout | undefined;

  constructor(socket: Socket, answer: Answer) {
    this.#socket = socket;
    this.#answer = answer;
    this.ended = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('data', (chunk) => this.#read(chunk));
    socket.once('end', () => this.#hearEnd());
    socket.on('drain', () => this.#flush());
    // The close that follows says all there is to know.
    socket.on('error', () => {});
    socket.once('close', () => {
      clearTimeout(this.#idle);
      this.#gone.abort();
    });
    // Nobody who asks keeps a process alive that has nothing else to do.
    socket.unref();
    this.#awaitRequest();
  }

  /** After the answers to all that was asked. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#socket.ref();
    const limit = setTimeout(() => this.#socket.destroy(), FAREWELL_LIMIT_MS);
    void this.#answering.then(() => this.#end());
    await this.ended;
    clearTimeout(limit);
  }

  /** With a reason. */
  refuse(error: SupervisorError, limitMs = FAREWELL_LIMIT_MS): void {
    this.#closing = true;
    this.#send({ ok: false, error: describeError(error) });
    this.#end(limitMs);
  }

  #read(chunk: Buffer): void {
    // What comes after the last word is read and forgotten: a socket that closes on unread bytes takes its answers along.
    if (this.#closing) return;
    try {
      for (const frame of this.#frames.read(chunk)) this.#take(frame);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.refuse(new SupervisorError('INVALID_REQUEST', `Expected a request, got ${error.message}`));
    }
  }

  /** The client has nothing more to say, or is gone: which of both shows only when we write. What it has asked for is answered. */
  #hearEnd(): void {
    this.#gone.abort();
    if (this.#closing) return;
    if (this.#frames.isPartial) {
      return this.refuse(new SupervisorError('INVALID_REQUEST', 'Expected a request to end in a line feed'));
    }
    this.#closing = true;
    void this.#answering.then(() => this.#end());
  }

  #take(frame: string): void {
    if (this.#closing) return;
    if (this.#unanswered === MAX_UNANSWERED) {
      const message = `Expected at most ${MAX_UNANSWERED} requests to wait for their answers`;
      return this.refuse(new SupervisorError('INVALID_REQUEST', message));
    }
    clearTimeout(this.#idle);
    this.#unanswered += 1;
    this.#answering = this.#answering.then(() => this.#respond(frame));
  }

  async #respond(frame: string): Promise<void> {
    try {
      const client = { gone: this.#gone.signal, tell: (event: object) => this.#send(event) };
      this.#send({ ok: true, ...(await this.#answer(parseRequest(frame), client)) });
    } catch (error) {
      this.#send({ ok: false, error: describeError(error) });
    }
    this.#unanswered -= 1;
    if (this.#unanswered === 0) this.#awaitRequest();
  }

  #awaitRequest(): void {
    if (this.#closing || this.#socket.destroyed) return;
    this.#idle = setTimeout(() => {
      const what = this.#frames.isPartial ? 'the rest of a request' : 'a request';
      const message = `Expected ${what} within ${IDLE_LIMIT_MS} ms`;
      this.refuse(new SupervisorError('INVALID_REQUEST', message));
    }, IDLE_LIMIT_MS).unref();
  }

  #send(frame: object): void {
    if (!this.#socket.writable) return;
    const text = toFrame(frame);
    this.#unsent.push(text);
    this.#unsentLength += text.length;
    this.#flush();
    if (this.#closing || this.#unsentLength <= MAX_UNREAD_LENGTH) return;
    const missed = this.#unsent.splice(0).length;
    this.#gone.abort();
    const message = `Cut off for reading too slowly: ${missed} lines are missing, and all that came later`;
    // It may stand still for a while, and is to read at last why.
    this.refuse(new SupervisorError('CONTROL_FAILED', message), IDLE_LIMIT_MS);
  }

  #flush(): void {
    let sent = 0;
    for (const text of this.#unsent) {
      if (this.#socket.writableNeedDrain && !this.#closing) break;
      this.#socket.write(text);
      this.#unsentLength -= text.length;
      sent += 1;
    }
    this.#unsent.splice(0, sent);
  }

  #end(limitMs = FAREWELL_LIMIT_MS): void {
    clearTimeout(this.#idle);
    this.#flush();
    this.#socket.end();
    const limit = setTimeout(() => this.#socket.destroy(), limitMs).unref();
    this.#socket.once('close', () => clearTimeout(limit));
  }
}

const MAX_REQUEST_BYTES = 64 * 1024;
const MAX_UNANSWERED = 16;
/** Of the answers of one client. */
const MAX_UNREAD_LENGTH = 16 * 1024 * 1024;
const IDLE_LIMIT_MS = 10_000;
/** For a client that does not close its side. */
const FAREWELL_LIMIT_MS = 1_000;

function describeError(error: unknown): object {
  if (!(error instanceof SupervisorError)) return { code: 'UNEXPECTED', message: String(error) };
  const { code, message, child, exitCode, signal, lastLines } = error;
  return { code, message, child, exitCode, signal, lastLines };
}
