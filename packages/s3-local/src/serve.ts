import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answer } from './answer.ts';
import { ClientGone, incoming } from './body/incoming.ts';
import { RequestBody } from './body/request-body.ts';
import { distorted } from './faults/distort.ts';
import type { FaultQueue } from './faults/fault-queue.ts';
import { pause } from './faults/pause.ts';
import { bodyOf, inviteBody, mayHaveBody, strike } from './faults/strike.ts';
import type { Settings } from './options.ts';
import { refusal } from './refusal.ts';
import { newRequestIds, parseRequest } from './request.ts';
import type { RequestIds } from './request.ts';
import { respond } from './respond.ts';
import { operationOf, route } from './router.ts';
import { S3Error } from './s3-error.ts';
import { withHoistedHeaders } from './signature/hoisted-headers.ts';
import { verifySignature } from './signature/verify.ts';
import type { Store } from './store/store.ts';

export interface ServeContext {
  readonly settings: Settings;
  readonly store: Store;
  readonly faults: FaultQueue;
  /** Aborted when the server closes. */
  readonly closing: AbortSignal;
}

/**
 * One request from its head to the end of its answer; never rejects. The order is S3's: the signature first, then what
 * is asked for, then its preconditions, and only then the body.
 */
export async function serve(
  message: IncomingMessage,
  response: ServerResponse,
  context: ServeContext,
): Promise<void> {
  const ids = newRequestIds();
  const reply = (answer: Answer): Promise<void> =>
    respond({ message, response, ids, closing: context.closing }, answer);
  // An operation may take its time; it is a client that stops reading its answer whose connection is closed.
  response.on('timeout', () => {
    if (response.headersSent) response.destroy();
  });
  try {
    await reply(await perform({ message, response, ids }, context));
  } catch (error) {
    const refused = asRefusal(error, context.settings);
    if (!refused || response.headersSent) response.destroy();
    else await reply(refusal(refused, ids, message)).catch(() => response.destroy());
  }
}

interface Exchange {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  readonly ids: RequestIds;
}

async function perform(
  { message, response, ids }: Exchange,
  { settings, store, faults, closing }: ServeContext,
): Promise<Answer> {
  const arrived = parseRequest(message, settings.domains);
  const fault = faults.take(arrived);
  const instead = fault && (await strike(fault, { request: arrived, message, response, ids, closing }));
  if (instead) return instead;

  const isSignedForm = operationOf(arrived)?.signedByForm ?? false;
  const signature = isSignedForm ? undefined : verifySignature(arrived, settings, Date.now());
  const request = signature?.form === 'query' ? withHoistedHeaders(arrived) : arrived;
  const operation = route(request);
  const source = fault ? bodyOf(fault, { message, response, closing }) : incoming(message);
  const body = new RequestBody(source, request, {
    signature,
    digestsDescribeBody: operation.digestsDescribeBody ?? true,
    onRead: () => inviteBody(message, response, fault),
  });
  const answer = await operation.run({ request, body, store, settings });
  if (!fault) return answer;
  if (fault.withholdAnswer) {
    if (typeof answer.body === 'object') await answer.body.handle.close();
    await pause(undefined, response, closing);
  }
  return distorted(answer, fault, mayHaveBody(message));
}

function asRefusal(error: unknown, settings: Settings): S3Error | undefined {
  if (error instanceof S3Error) return error;
  if (error instanceof ClientGone || isBrokenConnection(error)) return undefined;
  settings.onError(error instanceof Error ? error : new Error(String(error)));
  return new S3Error('InternalError', { cause: error });
}

function isBrokenConnection(error: unknown): boolean {
  if (!(error instanceof Error && 'code' in error)) return false;
  return ['ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'EPIPE', 'ERR_STREAM_UNABLE_TO_PIPE'].includes(
    String(error.code),
  );
}
