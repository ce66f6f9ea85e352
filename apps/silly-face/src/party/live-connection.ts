import type { PartyConnection } from './connection.ts';
import type { Edge } from './edge.ts';
import { Encoded, encode } from './encoded.ts';
import type { AuthFrame, ByeCode, ClientFrame } from './frames.ts';
import { readFrame, Violation } from './read-frame.ts';

/*
 *               AUTH                  authenticated()
 *   waiting ------------> asking ----------------------> in
 *      ^                    |  |                          |
 *      +--- no decision ----+  +------ bye(), end() ------+---> closing ---> gone
 *
 * Every state may go to closing, by a violation or by the client's end, and straight to gone, when the socket breaks. While the
 * handler is asked, and while it has paused, frames are held and nothing more is read.
 */
type State = 'waiting' | 'asking' | 'in' | 'closing' | 'gone';

/** One client, whatever the transport. It has neither timer nor buffer of its own while it is silent. */
export abstract class LiveConnection implements PartyConnection {
  readonly id: number;
  protected readonly edge: Edge;
  #state: State = 'waiting';
  #paused = false;
  #asked = false;
  #held: string[] | undefined;
  /** Mostly it is one. */
  #unsent: Encoded | Encoded[] | undefined;
  #heardMs: number;
  #pingedMs = 0;
  /** Of AUTH at first, of the close at last. */
  #deadlineMs: number;
  #fullAgainMs = 0;

  constructor(edge: Edge) {
    this.edge = edge;
    this.id = edge.nextId();
    this.#heardMs = edge.nowMs();
    this.#deadlineMs = this.#heardMs + edge.limits.authTimeoutMs;
  }

  abstract get remote(): string;
  protected abstract get unsentBytes(): number;
  protected abstract write(frames: Encoded | readonly Encoded[]): void;
  protected abstract pauseReading(): void;
  protected abstract resumeReading(): void;
  /** Ends this side, and goes on reading so that the client gets the last words: unread bytes would reset the connection. */
  protected abstract finish(code: ByeCode | undefined): void;
  /** Without another word. */
  abstract destroy(): void;

  get open(): boolean {
    return this.#state !== 'closing' && this.#state !== 'gone';
  }

  /** The first words. */
  protected greet(): void {
    this.send(PLSAUTH);
    this.edge.entered(this);
  }

  send(frame: Encoded): void {
    if (!this.open) return;
    if (this.#unsent === undefined) {
      this.#unsent = frame;
      this.edge.flushSoon(this);
    } else if (this.#unsent instanceof Encoded) this.#unsent = [this.#unsent, frame];
    else this.#unsent.push(frame);
  }

  flush(): void {
    if (this.#unsent === undefined || this.#state === 'gone') return;
    const frames = this.#unsent;
    this.#unsent = undefined;
    this.edge.counts.framesSent += frames instanceof Encoded ? 1 : frames.length;
    this.write(frames);
    this.written();
  }

  /** After each write: nobody makes more wait here than may. */
  protected written(): void {
    const { unsentBytes } = this.edge.limits;
    if (this.unsentBytes > unsentBytes)
      this.bye('too-slow', `More than ${unsentBytes} bytes wait for you to read them`);
  }

  authenticated(): void {
    if (this.#state !== 'waiting' && this.#state !== 'asking') return;
    this.#state = 'in';
    this.#goOn();
  }

  bye(code: ByeCode, reason: string): void {
    if (!this.open) return;
    this.edge.counts.byes[code] = (this.edge.counts.byes[code] ?? 0) + 1;
    this.send(encode({ cmd: 'BYE', code, reason }));
    this.#close(code);
  }

  end(): void {
    if (this.open) this.#close(undefined);
  }

  pause(): void {
    this.#paused = true;
    if (this.open) this.pauseReading();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#goOn();
  }

  /** A whole frame, or an empty line. */
  protected received(json: string, nowMs: number): void {
    if (!this.pay(nowMs) || json.length === 0) return;
    this.edge.counts.framesReceived += 1;
    if (this.#held !== undefined) this.#held.push(json);
    else if (this.#stopped) this.#held = [json];
    else this.#take(json);
  }

  /** What counts as a sign of life, and costs a token. */
  protected pay(nowMs: number): boolean {
    if (!this.open) return false;
    this.#heardMs = nowMs;
    const next = this.edge.floodGate.pass(this.#fullAgainMs, nowMs);
    if (next !== undefined) {
      this.#fullAgainMs = next;
      return true;
    }
    const { framesPerSecond, frameBurst } = this.edge.limits;
    this.bye('flood', `More than ${framesPerSecond} frames a second, or ${frameBurst} at once`);
    return false;
  }

  /** Looked after by the one timer of all. */
  tick(nowMs: number): void {
    const { idleTimeoutMs, pingIntervalMs } = this.edge.limits;
    if (this.#state === 'closing') {
      if (nowMs >= this.#deadlineMs) this.destroy();
    } else if (this.#state !== 'in') {
      if (nowMs >= this.#deadlineMs) this.#overdue();
    } else if (!this.#paused) {
      const silentMs = nowMs - this.#heardMs;
      if (silentMs >= idleTimeoutMs) this.bye('idle', `Nothing was heard for ${idleTimeoutMs} ms`);
      else if (Math.min(silentMs, nowMs - this.#pingedMs) >= pingIntervalMs) {
        this.#pingedMs = nowMs;
        this.send(PING);
      }
    }
  }

  #overdue(): void {
    try {
      if (this.#state === 'asking') this.edge.handler.overdue?.(this);
    } catch (error) {
      this.#failed(error);
    }
    this.bye('auth-timeout', `No successful AUTH within ${this.edge.limits.authTimeoutMs} ms`);
  }

  /** The socket is closed. */
  protected gone(): void {
    if (this.open) this.edge.crowd.leave(this);
    this.#state = 'gone';
    this.#held = undefined;
    this.#unsent = undefined;
    this.edge.gone(this);
    if (!this.#asked) return;
    try {
      this.edge.handler.closed(this);
    } catch (error) {
      this.edge.onError(error, this);
    }
  }

  get #stopped(): boolean {
    return this.#paused || this.#state === 'asking';
  }

  #take(json: string): void {
    try {
      this.#dispatch(readFrame(json));
    } catch (error) {
      if (error instanceof Violation) this.bye(error.code, error.message);
      else this.#failed(error);
    }
  }

  #dispatch(frame: ClientFrame): void {
    switch (frame.cmd) {
      case 'RING':
        return this.send(AHOY_HOY);
      case 'PING':
        return this.send(PONG);
      case 'PONG':
        return;
      case 'AUTH':
        if (this.#state !== 'waiting')
          throw new Violation('already-authenticated', 'AUTH was already accepted');
        return this.#ask(frame);
      case 'CHAT':
      case 'SHOW':
      case 'GUESS':
      case 'LEAVE':
        if (this.#state !== 'in') throw new Violation('not-authenticated', `${frame.cmd} came before AUTH`);
        return this.edge.handler.command(this, frame);
    }
  }

  #ask(frame: AuthFrame): void {
    if (!this.#asked && !this.edge.crowd.admit(this)) {
      const { connections } = this.edge.limits;
      return this.bye('server-full', `${connections} clients are here, and there is no room for more`);
    }
    this.#state = 'asking';
    this.#asked = true;
    const answer = this.edge.handler.auth(this, frame);
    if (answer === undefined) return this.#answered();
    if (this.#stopped) this.pauseReading();
    answer.then(
      () => this.#answered(),
      (error: unknown) => this.#failed(error),
    );
  }

  #answered(): void {
    if (this.#state !== 'asking') return;
    this.#state = 'waiting';
    this.#goOn();
  }

  #failed(error: unknown): void {
    this.edge.onError(error, this);
    this.bye('server-error', 'Something went wrong here; come again');
  }

  /** In a microtask: who calls a method of the connection is not called back before it returns. */
  #goOn(): void {
    this.#heardMs = this.edge.nowMs();
    queueMicrotask(() => {
      const held = this.#held ?? [];
      let taken = 0;
      while (taken < held.length && !this.#stopped && this.open) this.#take(held[taken++] as string);
      this.#held = taken < held.length && this.open ? held.slice(taken) : undefined;
      if (!this.#stopped && this.open) this.resumeReading();
    });
  }

  #close(code: ByeCode | undefined): void {
    this.#state = 'closing';
    this.#held = undefined;
    this.#deadlineMs = this.edge.nowMs() + this.edge.limits.closeTimeoutMs;
    this.edge.crowd.leave(this);
    this.flush();
    this.finish(code);
  }
}

const PLSAUTH = encode({ cmd: 'PLSAUTH' });
const AHOY_HOY = encode({ cmd: 'AHOY-HOY' });
const PING = encode({ cmd: 'PING' });
const PONG = encode({ cmd: 'PONG' });
