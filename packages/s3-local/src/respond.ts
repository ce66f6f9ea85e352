import type { IncomingMessage, ServerResponse } from 'node:http';
import { finished, pipeline } from 'node:stream/promises';
import type { Answer, FileSlice } from './answer.ts';
import { sendImpaired } from './faults/send-impaired.ts';
import { flushHead } from './flush-head.ts';
import type { RequestIds } from './request.ts';

export interface Reply {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  readonly ids: RequestIds;
  /** Aborted when the server closes: an answer after that is the last one on its connection. */
  readonly closing: AbortSignal;
}

/** How long a client that is still sending what nobody wants is listened to, so that it gets to read why. */
const lingerMs = 2000;

/** Sends an answer to its end. Rejects where the connection broke before that. */
export async function respond(reply: Reply, answer: Answer): Promise<void> {
  const { message, response, ids, closing } = reply;
  const { body } = answer;
  const fault = mayHaveBody(message, answer) ? answer.fault : undefined;
  const unread = hasBody(message) && !message.complete;
  // Behind the head of an unread body come bytes that would be taken for the next request.
  if (unread || closing.aborted) response.shouldKeepAlive = false;
  response.writeHead(answer.status, {
    ...(!answer.withoutRequestId && { 'x-amz-request-id': ids.requestId, 'x-amz-id-2': ids.hostId }),
    server: 's3-local',
    ...contentLength(answer),
    ...answer.headers,
    ...(fault?.truncateAfterBytes !== undefined && promisedLength(answer, fault.truncateAfterBytes)),
  });
  if (fault) await sendImpaired(response, body, fault, closing);
  else if (typeof body === 'object') await sendSlice(response, body);
  else {
    // Headers and body leave in one piece, at once; the end may have to wait.
    if (body !== undefined && message.method !== 'HEAD') response.write(Buffer.from(body));
    else flushHead(response);
    if (unread) await linger(message);
    response.end();
  }
  // Only now its connection is idle, or gone.
  await finished(response);
}

function mayHaveBody({ method }: IncomingMessage, { status }: Answer): boolean {
  return method !== 'HEAD' && status !== 204 && status !== 304;
}

function contentLength({ status, body }: Answer): { 'content-length'?: string } {
  if (status === 204 || status === 304 || typeof body === 'object') return {};
  return { 'content-length': String(Buffer.byteLength(body ?? '')) };
}

/** More than will come. */
function promisedLength(answer: Answer, sentBytes: number): { 'content-length': string } {
  const length = answer.headers?.['content-length'] ?? contentLength(answer)['content-length'];
  return { 'content-length': String(Math.max(Number(length), sentBytes + 1)) };
}

async function sendSlice(response: ServerResponse, { handle, start, end }: FileSlice): Promise<void> {
  flushHead(response);
  try {
    if (start < end) {
      const options = { start, end: end - 1, autoClose: false, highWaterMark: 256 * 1024 };
      await pipeline(handle.createReadStream(options), response, { end: false });
    }
  } finally {
    await handle.close();
  }
  response.end();
}

/**
 * A socket that is closed while bytes are still coming in is reset, and the reset can overtake the answer. So the rest
 * is read and thrown away for a while.
 */
async function linger(message: IncomingMessage): Promise<void> {
  if (message.headers.expect !== undefined || message.destroyed) return;
  message.resume();
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, lingerMs);
    function done(): void {
      clearTimeout(timer);
      message.off('end', done).off('close', done).off('error', done);
      resolve();
    }
    message.on('end', done).on('close', done).on('error', done);
  });
}

function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}
