import type { ClientRequest } from 'node:http';
import type { Source } from '../source/source.ts';
import type { StopSignal } from '../stop-signal.ts';
import type { Throttle } from './throttle.ts';

/** What goes out is counted, and held back. */
export interface Meter {
  /** Bytes of the body that go out now. */
  onPiece: (piece: Uint8Array) => void;
  /** Bytes of the body that the connection has taken. */
  onSent: (bytes: number) => void;
  throttle: Throttle | undefined;
}

export interface BodyTerms {
  meter: Meter;
  /** True when the exchange has failed, or was answered before its body ended. */
  isOver: () => boolean;
  /** Told when the throttle begins to hold it back, and when it ends that. */
  onHeldBack: (isHeldBack: boolean) => void;
  signal: StopSignal;
}

/**
 * Writes the whole source and ends the request, unless the exchange is over before.
 *
 * It may never return: Node drops the callback of a write whose request is destroyed before it has a connection. Nobody waits
 * for it then.
 */
export async function sendBody(
  outgoing: ClientRequest,
  source: Source,
  { meter, isOver, onHeldBack, signal }: BodyTerms,
): Promise<void> {
  const { content } = source;
  if (content !== undefined && content.byteLength <= ONE_WRITE_BYTES && meter.throttle === undefined) {
    meter.onPiece(content);
    await end(outgoing, content);
    meter.onSent(content.byteLength);
    return;
  }
  let position = 0;
  const send = async (bytes: Uint8Array): Promise<boolean> => {
    const isLast = position + bytes.byteLength === source.size;
    // S3 then stores nothing of a file that changed, since it never gets the last piece.
    if (isOver()) return false;
    if (isLast) await source.assertUnchanged();
    meter.onPiece(bytes);
    await (isLast ? end(outgoing, bytes) : write(outgoing, bytes));
    // Before the next piece is read: the file may be closed by now.
    if (outgoing.destroyed) return false;
    position += bytes.byteLength;
    meter.onSent(bytes.byteLength);
    return true;
  };
  for await (const piece of source.pieces()) {
    if (meter.throttle === undefined) {
      if (!(await send(piece))) return;
      continue;
    }
    for await (const slice of meter.throttle.slices(piece, { signal, onHeldBack }))
      if (!(await send(slice))) return;
  }
}

const ONE_WRITE_BYTES = 256 * 1024;

/** An error also reaches the request's own listener, which knows what it means. */
const write = (outgoing: ClientRequest, piece: Uint8Array): Promise<void> =>
  new Promise((resolve) => {
    outgoing.write(piece, () => resolve());
  });

const end = (outgoing: ClientRequest, piece: Uint8Array): Promise<void> =>
  new Promise((resolve) => {
    outgoing.end(piece, () => resolve());
  });
