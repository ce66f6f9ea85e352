import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { S3PutErrorCode } from '../errors.ts';
import { Failure } from '../failure.ts';

type Fail = (failure: Failure) => void;

/** Fails when a new connection takes too long, and tells when it is there. Returns what ends the limit. */
export function limitConnecting(
  outgoing: ClientRequest,
  secure: boolean,
  { limitMs, fail, onConnected }: { limitMs: number; fail: Fail; onConnected: (() => void) | undefined },
): () => void {
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => clearTimeout(timer);
  // Not from the request's start: it may first wait for one of `maxConnections`.
  outgoing.once('socket', (socket: Socket) => {
    if (!isConnecting(socket)) return onConnected?.();
    timer = setTimeout(() => fail(late('ECONNECTTIMEOUT', `no connection within ${limitMs} ms`)), limitMs);
    return void socket.once(secure ? 'secureConnect' : 'connect', () => {
      stop();
      onConnected?.();
    });
  });
  return stop;
}

/**
 * Fails when nothing moves in either direction, unless it is we who hold it back. The socket's own timer is used: it is the only
 * one that sees the progress of a large write which has not ended. The next write starts it again.
 */
export function limitIdling(
  outgoing: ClientRequest,
  { limitMs, fail, isHeldBack }: { limitMs: number; fail: Fail; isHeldBack: () => boolean },
): void {
  outgoing.setTimeout(limitMs);
  outgoing.once('socket', (socket: Socket) => {
    // Not the request's own event, which comes once at most.
    const onTimeout = (): void => {
      if (!isHeldBack()) fail(late('EIDLETIMEOUT', `nothing moved on the connection for ${limitMs} ms`));
    };
    socket.on('timeout', onTimeout);
    outgoing.once('close', () => socket.off('timeout', onTimeout));
  });
}

/** A kept connection is none, nor one that an agent opened in advance. A TLS socket is ready later than its TCP connection. */
const isConnecting = (socket: Socket): boolean =>
  socket.connecting || (socket instanceof TLSSocket && socket.getProtocol() === null);

const late = (code: S3PutErrorCode, message: string): Failure =>
  new Failure(message, { source: 'network', code, retryable: true });
