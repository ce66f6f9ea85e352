import type { IncomingMessage } from 'node:http';
import { S3Error } from '../s3-error.ts';

/** The client went away before its request was whole: there is nobody left to answer. */
export class ClientGone extends Error {
  static {
    this.prototype.name = 'ClientGone';
  }
}

/**
 * The bytes of a request as they arrive. Unlike the stream's own iterator, giving up in the middle leaves the
 * connection alone, so that a refusal can still be answered on it.
 */
export async function* incoming(message: IncomingMessage): AsyncGenerator<Buffer, void> {
  for (;;) {
    const chunk = message.read() as Buffer | null;
    if (chunk !== null) yield chunk;
    else if (message.readableEnded) return;
    else await moreOf(message);
  }
}

function moreOf(message: IncomingMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    if (message.destroyed) {
      reject(new ClientGone('The client closed the connection before its request was complete'));
      return;
    }
    const settle = (error?: Error): void => {
      message.off('readable', onReadable).off('end', onReadable);
      message.off('close', onClose).off('error', onClose).off('timeout', onTimeout);
      if (error) reject(error);
      else resolve();
    };
    const onReadable = (): void => settle();
    const onClose = (cause?: Error): void =>
      settle(new ClientGone('The client closed the connection before its request was complete', { cause }));
    const onTimeout = (): void => settle(new S3Error('RequestTimeout'));
    message.on('readable', onReadable).on('end', onReadable);
    message.on('close', onClose).on('error', onClose).on('timeout', onTimeout);
  });
}
