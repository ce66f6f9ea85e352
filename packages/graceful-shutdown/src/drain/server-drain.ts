import { Server as HttpServer } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import type { Server as NetServer, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { CutConnections } from '../report.ts';
import { watchConnections } from './connections.ts';
import { announceClose } from './http1-announcer.ts';
import { currentAnswer, http1State } from './http1-socket.ts';
import { sweepHttp1 } from './http1-sweeper.ts';
import { watchHttp2Sessions } from './http2-sessions.ts';
import { listenerOf } from './listener.ts';
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
export interface ServerDrain {
  readonly server: NetServer;
  /** The clients are told to go; the server still accepts. */
  announce(): void;
  /** Takes those who already wait to be accepted. Resolves when nobody is accepted any more. */
  stopAccepting(): Promise<void>;
  /** Accepts no more. Resolves when the last connection has ended. */
  close(): Promise<void>;
  /** Destroys every connection that is left; adds those that were still of use to `total` and names requests in `cutRequests`. */
  cut(total: CutConnections, cutRequests: string[]): void;
  /** After `cut()`: gives the server back as it was. */
  dispose(): void;
}

export function drainOf(server: NetServer, limits: DrainLimits): ServerDrain {
  const { headTimeoutMs, refuseWith } = limits;
  const listener = listenerOf(server);
  const connections = watchConnections(server);
  const isHttp1 = server instanceof HttpServer || server instanceof HttpsServer;
  // node:http2 exports no class of its servers; `updateSettings` is theirs alone.
  const sessions = 'updateSettings' in server ? watchHttp2Sessions(server, limits) : undefined;
  const speaksHttp = isHttp1 || sessions !== undefined;
  const saidAll = new WeakSet<Socket>();
  const giveBack = [connections.dispose, listener.dispose];
  let stopSweeping = (): void => {};
  let stuckTimer: NodeJS.Timeout | undefined;
  let closed: Promise<void> | undefined;
  let isCut = false;

  const close = async (): Promise<void> => {
    const serverClosed = waitForClose(server);
    await listener.close();
    if (isCut) return;
    // An HTTP/2 server may speak HTTP/1 too (allowHTTP1).
    if (speaksHttp) stopSweeping = sweepHttp1(connections, limits);
    sessions?.close();
    stuckTimer = setInterval(endStuck, headTimeoutMs);
    await serverClosed;
    await connections.gone();
  };

  /** Handshakes that do not end, and HTTP/2 clients that do not close their end within one turn of this after the last frame. */
  const endStuck = (): void => {
    for (const socket of connections) {
      if (connections.isHandshaking(socket) || saidAll.has(socket)) socket.destroy();
      else if (isHttp2(socket) && socket.writableFinished) saidAll.add(socket);
    }
  };

  const useOf = (socket: Socket): 'requests' | 'upgraded' | 'raw' | undefined => {
    if (connections.isHandshaking(socket) || isHttp2(socket)) return undefined;
    if (!speaksHttp) return 'raw';
    const state = http1State(socket);
    if (state === 'answering') return 'requests';
    return state === 'upgraded' ? 'upgraded' : undefined;
  };

  const isHttp2 = (socket: Socket): boolean => {
    const { alpnProtocol = 'h2' } = socket as Partial<TLSSocket>;
    return sessions !== undefined && alpnProtocol === 'h2';
  };

  return {
    server,
    announce() {
      if (!speaksHttp) return;
      if (refuseWith) giveBack.push(refuseRequests(server, refuseWith, headTimeoutMs));
      giveBack.push(announceClose(server, connections));
    },
    stopAccepting: listener.close,
    close: () => (closed ??= close()),
    cut(total, cutRequests) {
      isCut = true;
      listener.closeNow();
      for (const socket of connections) {
        const use = useOf(socket);
        if (use) total[use] += 1;
        if (use === 'requests' && cutRequests.length < MOST_NAMED) cutRequests.push(describeRequest(socket));
      }
      total.http2Sessions += sessions?.cut() ?? 0;
      for (const socket of connections) socket.destroy();
      // Also those that were open before this server was added.
      if (isHttp1) server.closeAllConnections();
      stopSweeping();
      clearInterval(stuckTimer);
    },
    dispose() {
      for (const each of giveBack) each();
    },
  };
}

/** Also ends for a server that never listened, or that was closed by its owner. */
async function waitForClose(server: NetServer): Promise<void> {
  let onClose = (): void => {};
  const closed = new Promise<void>((resolve) => (onClose = resolve));
  // Before the connections are counted: the last may end, and the server close, before their number is known.
  server.once('close', onClose);
  if (server.listening || (await countConnections(server)) > 0) await closed;
  server.off('close', onClose);
}

function countConnections(server: NetServer): Promise<number> {
  return new Promise((resolve) => {
    server.getConnections((error, count) => resolve(error ? 0 : count));
  });
}

/** Without its query, which may carry secrets. */
function describeRequest(socket: Socket): string {
  const { method, url = '' } = currentAnswer(socket)?.req ?? {};
  return `${method} ${url.replace(/[?#][^]*/, '').slice(0, 200)}`;
}
