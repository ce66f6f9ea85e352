import { Server as HttpServer } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import type { Server as NetServer, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { CutConnections } from '../report.ts';
import { Connections } from './connections.ts';
import { Http1Announcer } from './http1-announcer.ts';
import { currentAnswer, http1State } from './http1-socket.ts';
import { Http1Sweeper } from './http1-sweeper.ts';
import { Http2Sessions } from './http2-sessions.ts';
import { Listener } from './listener.ts';
import { Refuser } from './refuser.ts';

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
  readonly #refuser: Refuser | undefined;
  readonly #announcer: Http1Announcer | undefined;
  readonly #sweeper: Http1Sweeper | undefined;
  readonly #sessions: Http2Sessions | undefined;
  readonly #saidAll = new WeakSet<Socket>();
  #stuckTimer: NodeJS.Timeout | undefined;
  #closed: Promise<void> | undefined;
  #cutOff = false;

  constructor(server: NetServer, limits: DrainLimits) {
    this.server = server;
    this.#limits = limits;
    this.#listener = new Listener(server);
    this.#connections = new Connections(server);
    const speaksHttp2 = isHttp2Server(server);
    if (speaksHttp2) this.#sessions = new Http2Sessions(server, limits);
    // An HTTP/2 server may speak HTTP/1 too (allowHTTP1).
    if (speaksHttp2 || isHttp1Server(server)) {
      if (limits.refuseWith) this.#refuser = new Refuser(server, limits.refuseWith, limits.headTimeoutMs);
      this.#announcer = new Http1Announcer(server);
      this.#sweeper = new Http1Sweeper(this.#http1Sockets(), limits);
    }
  }

  /** The clients are told to go; the server still accepts. */
  announce(): void {
    this.#refuser?.start();
    this.#announcer?.start(this.#connections);
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
    this.#sweeper?.start();
    this.#sessions?.close();
    this.#stuckTimer = setInterval(() => this.#endStuck(), this.#limits.headTimeoutMs);
    await closed;
    await this.#connections.gone();
    this.#stopTimers();
  }

  /** Destroys every connection that is left and tells how many were still of use, naming requests in `cutRequests`. */
  cut(cutRequests: string[]): CutConnections {
    this.#cutOff = true;
    this.#listener.closeNow();
    const cut: CutConnections = { requests: 0, upgraded: 0, http2Sessions: 0, raw: 0 };
    for (const socket of this.#connections) {
      const kind = this.#use(socket);
      if (kind) cut[kind] += 1;
      if (kind === 'requests' && cutRequests.length < MOST_NAMED) cutRequests.push(describeRequest(socket));
    }
    cut.http2Sessions = this.#sessions?.cut() ?? 0;
    for (const socket of this.#connections) socket.destroy();
    // Also those that were open before this server was added.
    if (isHttp1Server(this.server)) this.server.closeAllConnections();
    this.#stopTimers();
    return cut;
  }

  dispose(): void {
    this.#stopTimers();
    this.#announcer?.stop();
    this.#refuser?.stop();
    this.#sessions?.dispose();
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
    if (!this.#announcer) return 'raw';
    const state = http1State(socket);
    if (state === 'answering') return 'requests';
    return state === 'upgraded' ? 'upgraded' : undefined;
  }

  #isHttp2(socket: Socket): boolean {
    if (!this.#sessions) return false;
    const { alpnProtocol } = socket as Partial<TLSSocket>;
    return alpnProtocol === undefined || alpnProtocol === 'h2';
  }

  #http1Sockets(): Iterable<Socket> {
    const all = this.#connections;
    const isHttp1 = (socket: Socket) => !all.isHandshaking(socket) && !this.#isHttp2(socket);
    return {
      *[Symbol.iterator]() {
        for (const socket of all) if (isHttp1(socket)) yield socket;
      },
    };
  }

  #stopTimers(): void {
    this.#sweeper?.stop();
    this.#sessions?.stop();
    clearInterval(this.#stuckTimer);
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
