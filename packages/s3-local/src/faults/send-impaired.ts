import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { AnswerFault, FileSlice } from '../answer.ts';
import { ClientGone } from '../body/incoming.ts';
import { flushHead } from '../flush-head.ts';
import { bytesOf } from '../store/object-file.ts';
import { pause } from './pause.ts';

/** Sends the body of an answer with a pause, or only so much of it, as a fault has it. */
export async function sendImpaired(
  response: ServerResponse,
  body: string | FileSlice | undefined,
  fault: AnswerFault,
  closing: AbortSignal,
): Promise<void> {
  const { resetAfterBytes, truncateAfterBytes, delayAfterBytes, delayMs } = fault;
  const limit = Math.min(
    resetAfterBytes ?? Number.POSITIVE_INFINITY,
    truncateAfterBytes ?? Number.POSITIVE_INFINITY,
  );
  let sent = 0;
  let held = delayAfterBytes === undefined;

  async function* impaired(): AsyncGenerator<Buffer, void> {
    for await (const whole of piecesOf(body)) {
      let piece = whole.subarray(0, limit - sent);
      if (!held && sent + piece.length > (delayAfterBytes ?? 0)) {
        held = true;
        const before = piece.subarray(0, (delayAfterBytes ?? 0) - sent);
        if (before.length > 0) yield before;
        await stall();
        sent += before.length;
        piece = piece.subarray(before.length);
      }
      sent += piece.length;
      if (piece.length > 0) yield piece;
      if (sent >= limit) break;
    }
  }

  /** The idle limit is for clients that do not read. */
  async function stall(): Promise<void> {
    const idleTimeoutMs = response.socket?.timeout ?? 0;
    response.socket?.setTimeout(0);
    await pause(delayMs, response, closing);
    response.socket?.setTimeout(idleTimeoutMs);
  }

  flushHead(response);
  await pipeline(impaired, response, { end: false });
  if (truncateAfterBytes !== undefined) response.socket?.destroySoon();
  else if (sent >= limit) response.socket?.resetAndDestroy();
  else {
    response.end();
    return;
  }
  throw new ClientGone('A fault has ended the connection');
}

async function* piecesOf(body: string | FileSlice | undefined): AsyncGenerator<Buffer, void> {
  if (body === undefined) return;
  if (typeof body === 'string') {
    yield Buffer.from(body);
    return;
  }
  const { handle, start, end } = body;
  try {
    yield* bytesOf(handle, end, start);
  } finally {
    await handle.close();
  }
}
