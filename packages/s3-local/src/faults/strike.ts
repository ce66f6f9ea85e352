import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answer } from '../answer.ts';
import { ClientGone, incoming } from '../body/incoming.ts';
import type { RequestIds, S3Request } from '../request.ts';
import { refusal } from '../refusal.ts';
import { S3Error } from '../s3-error.ts';
import type { Fault } from './fault.ts';
import { pause } from './pause.ts';
import { proxyPage } from './proxy-page.ts';
import { redirection } from './redirection.ts';

export interface Struck {
  readonly request: S3Request;
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  readonly ids: RequestIds;
  /** Aborted when the server closes: no fault holds that up. */
  readonly closing: AbortSignal;
}

/** Does what a fault says before an operation runs; gives an answer where the operation is not to run at all. */
export async function strike(fault: Fault, struck: Struck): Promise<Answer | undefined> {
  const { message, response, closing } = struck;
  if (fault.delayMs !== undefined && fault.delayAfterBytes === undefined) {
    await pause(fault.delayMs, response, closing);
  }
  const resets = fault.resetAfterBytes !== undefined && mayHaveBody(message);
  if (resets || fault.afterBody) {
    inviteBody(message, response, fault);
    await read(bodyOf(fault, struck), fault.resetAfterBytes ?? Number.POSITIVE_INFINITY);
  }
  if (resets) {
    message.socket.resetAndDestroy();
    throw new ClientGone('A fault has reset the connection');
  }
  return answerInstead(fault, struck);
}

/** Says that the body may come, as often as a fault has it. */
export function inviteBody(message: IncomingMessage, response: ServerResponse, fault?: Fault): void {
  if (message.headers.expect === undefined || fault?.withholdContinue) return;
  response.writeContinue();
  if (fault?.repeatContinue) response.writeContinue();
}

/** The bytes of the request, which a fault may hold up in the middle. */
export async function* bodyOf(
  { delayMs, delayAfterBytes }: Fault,
  { message, response, closing }: Pick<Struck, 'message' | 'response' | 'closing'>,
): AsyncGenerator<Buffer, void> {
  let bytes = 0;
  let held = delayAfterBytes === undefined;
  for await (const piece of incoming(message)) {
    bytes += piece.length;
    if (!held && bytes >= (delayAfterBytes ?? 0)) {
      held = true;
      await pause(delayMs, response, closing);
    }
    yield piece;
  }
}

export function mayHaveBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || headers['content-length'] !== undefined;
}

async function read(body: AsyncIterable<Buffer>, limit: number): Promise<void> {
  let bytes = 0;
  if (limit === 0) return;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes >= limit) return;
  }
}

function answerInstead(fault: Fault, { request, message, ids }: Struck): Answer | undefined {
  const { status, code = '', page, redirect, withoutRequestId = false } = fault;
  if (redirect) return { ...redirection(redirect, request, message, ids), withoutRequestId };
  if (status === undefined) return undefined;
  if (page === 'nginx') return proxyPage(status);
  if (page === 'empty') return { status, withoutRequestId };
  const error = S3Error.injected(status, code, 'A fault answers this request');
  return { ...refusal(error, ids, message), withoutRequestId };
}
