import { Server as HttpServer } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import type { Server as NetServer, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { CutConnections } from '../report.ts';
import { Connections } from './connections.ts';
import { announceClose } from './http1-announcer.ts';
import { currentAnswer, http1State } from './http1-socket.ts';
import { sweepHttp1 } from './http1-sweeper.ts';
import { Http2Sessions } from './http2-sessions.ts';
import { Listener } from './listener.ts';
import { refuseRequests } from './refuser.ts';

/** The options that decide what becomes of a connection. */
export interface DrainLimits {
  readonly idleGraceMs: number;
  readonly headTimeoutMs: number;
  readonly timeoutMs: number;
  readonly delayMs: number;
  readonly refuseWith?: number | false;
}

const MOST_NAMED = 10;

/**
 * The end of one server: `announce()` → `close()` → all connections gone, or `cut()`.
 *
 * | protocol | announce                   | close                                        |
 * | -------- | -------------------------- | -------------------------------------------- |
 * | HTTP/1   | Connection: close on last  | idle, silent and half-sent ones are ended    |
 * | HTTP/2   | -                          | GOAWAY when quiet; streams are answered      |
 * | net, TLS | -                          | left to the application (the abort signal)   |
 */
export class ServerDrain {
  readonly server: NetServer;
  readonly #limits: DrainLimits;
  readonly #listener: Listener;
  readonly #connections: Connections;
  readonly #speaksHttp: boolean;
  readonly #sessions: Http2Sessions | undefined;
  readonly #saidAll = new WeakSet<Socket>();
  readonly #giveBack: (() => void)[] = [];
  #stopSweeping = (): void => {};
  #stuckTimer: NodeJS.Timeout | undefined;
  #closed: Promise<void> | undefined;
  #cutOff = false;

  constructor(server: NetServer, limits: DrainLimits) {
    this.server = server;
    this.#limits = limits;
    this.#listener = new Listener(server);
    this.#connections = new Connections(server);
    if (isHttp2Server(server)) this.#sessions = new Http2Sessions(server, limits);
    this.#speaksHttp = this.#sessions !== undefined || isHttp1Server(server);
  }

  /** The clients are told to go; the server still accepts. */
  announce(): void {
    if (!this.#speaksHttp) return;
    const { server } = this;
    const { refuseWith, headTimeoutMs } = this.#limits;
    if (refuseWith) this.#giveBack.push(refuseRequests(server, refuseWith, headTimeoutMs));
    this.#giveBack.push(announceClose(server, this.#connections));
  }

  /** Takes those who already wait to be accepted. Resolves when nobody is accepted any more. */
  stopAccepting(): Promise<void> {
    return this.#listener.close();
  }

  /** Accepts no more. Resolves when the last connection has ended. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    const closed = this.#waitForClose();
    await this.stopAccepting();
    if (this.#cutOff) return;
    // An HTTP/2 server may speak HTTP/1 too (allowHTTP1).
    if (this.#speaksHttp) this.#stopSweeping = sweepHttp1(this.#connections, this.#limits);
    this.#sessions?.close();
    this.#stuckTimer = setInterval(() => this.#endStuck(), this.#limits.headTimeoutMs);
    await closed;
    await this.#connections.gone();
  }

  /** Destroys every connection that is left; adds those that were still of use to `total` and names requests in `cutRequests`. */
  cut(total: CutConnections, cutRequests: string[]): void {
    this.#cutOff = true;
    this.#listener.closeNow();
    for (const socket of this.#connections) {
      const kind = this.#use(socket);
      if (kind) total[kind] += 1;
      if (kind === 'requests' && cutRequests.length < MOST_NAMED) cutRequests.push(describeRequest(socket));
    }
    total.http2Sessions += this.#sessions?.cut() ?? 0;
    for (const socket of this.#connections) socket.destroy();
    // Also those that were open before this server was added.
    if (isHttp1Server(this.server)) this.server.closeAllConnections();
    this.#stopSweeping();
    clearInterval(this.#stuckTimer);
  }

  /** After `cut()`: gives the server back as it was. */
  dispose(): void {
    for (const each of this.#giveBack) each();
    this.#connections.dispose();
    this.#listener.dispose();
  }

  /** Also ends for a server that never listened, or that was closed by its owner. */
  async #waitForClose(): Promise<void> {
    let onClose = (): void => {};
    const closed = new Promise<void>((resolve) => (onClose = resolve));
    // Before the connections are counted: the last may end, and the server close, before their number is known.
    this.server.once('close', onClose);
    const open = this.server.listening || (await this.#count()) > 0;
    if (open) await closed;
    this.server.off('close', onClose);
  }

  #count(): Promise<number> {
    return new Promise((resolve) => {
      this.server.getConnections((error, count) => resolve(error ? 0 : count));
    });
  }

  /** Handshakes that do not end, and HTTP/2 clients that do not close their end within one turn of this after the last frame. */
  #endStuck(): void {
    for (const socket of this.#connections) {
      const saidAll = this.#isHttp2(socket) && socket.writableFinished;
      if (this.#connections.isHandshaking(socket) || this.#saidAll.has(socket)) socket.destroy();
      else if (saidAll) this.#saidAll.add(socket);
    }
  }

  #use(socket: Socket): 'requests' | 'upgraded' | 'raw' | undefined {
    if (this.#connections.isHandshaking(socket) || this.#isHttp2(socket)) return undefined;
    if (!this.#speaksHttp) return 'raw';
    const state = http1State(socket);
    if (state === 'answering') return 'requests';
    return state === 'upgraded' ? 'upgraded' : undefined;
  }

  #isHttp2(socket: Socket): boolean {
    if (!this.#sessions) return false;
    const { alpnProtocol } = socket as Partial<TLSSocket>;
    return alpnProtocol === undefined || alpnProtocol === 'h2';
  }
}

/** Without its query, which may carry secrets. */
function describeRequest(socket: Socket): string {
  const { method, url = '' } = currentAnswer(socket)?.req ?? {};
  return `${method} ${url.replace(/[?#][^]*/, '').slice(0, 200)}`;
}

function isHttp1Server(server: NetServer): server is HttpServer | HttpsServer {
  return server instanceof HttpServer || server instanceof HttpsServer;
}

/** node:http2 exports no class of its servers; `updateSettings` is theirs alone. */
function isHttp2Server(server: NetServer): boolean {
  return 'updateSettings' in server;
}
