import type {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { untilAborted } from '../deadline.ts';
import { failureOf } from '../failure.ts';
import type { WireAnswer } from '../response.ts';
import type { HttpRequest } from '../transport/transport.ts';
import { attempt } from './attempt.ts';
import type { Context, Errand } from './attempt.ts';
import { UNSIGNED } from './signature.ts';

export type S3Command =
  | AbortMultipartUploadCommand
  | CompleteMultipartUploadCommand
  | CreateMultipartUploadCommand
  | HeadObjectCommand
  | ListPartsCommand
  | PutObjectCommand
  | UploadPartCommand;

export interface SendOptions {
  /** An attempt that was made already: the client is told of it in place of its own first one, and goes on from there. */
  failed?: Error;
  /** Told each request that succeeded, as the client made and signed it, and what it says about itself. Never rejects. */
  onSuccess?: (request: HttpRequest, middlewareContext: object) => Promise<void>;
}

/**
 * Sends a command through the user's client, which resolves the endpoint, signs, and tries again as it is configured to. Only
 * the last step is replaced, by a middleware of this one command: the client's request handler would take a file as a stream.
 *
 * @throws {Failure} of the last attempt, or of the client
 */
export async function sendCommand<T>(
  command: S3Command,
  errand: Errand<T>,
  context: Context,
  { failed, onSuccess }: SendOptions = {},
): Promise<T> {
  let outcome: { value: T; answer: WireAnswer } | undefined;
  let toReport = failed;
  // The commands differ in what goes in and out, which is of no interest here.
  const { middlewareStack } = command as PutObjectCommand;
  middlewareStack.add(
    (next) => async (args) => {
      const { headers } = args.request as HttpRequest;
      const source = errand.source ?? errand.document;
      const ofBody = source && { 'x-amz-content-sha256': UNSIGNED, 'content-length': String(source.size) };
      Object.assign(headers, ofBody, errand.headers);
      return await next(args);
    },
    // Before the middleware that would add a checksum of its own.
    { step: 'build', priority: 'high', name: 's3PutHeaders' },
  );
  middlewareStack.add(
    (_, middlewareContext) => async (args) => {
      // Not with the signal's reason, which may be one that the client would try again after.
      if (context.signal.aborted) throw new Error('nobody waits for this any more');
      const known = toReport;
      toReport = undefined;
      if (known !== undefined) throw known;
      const request = args.request as HttpRequest;
      outcome = await attempt(request, errand, context);
      await onSuccess?.(request, middlewareContext);
      // With the body, though nobody needs what the client reads from it: it takes an empty CompleteMultipartUpload for a failure.
      return { response: { ...outcome.answer } };
    },
    { step: 'deserialize', priority: 'low', name: 's3PutTransport' },
  );
  try {
    // The options must be given: without them a client with `cacheMiddleware` reuses the middleware of an earlier command.
    const { client } = context.settings;
    const sending = client.send(command as PutObjectCommand, { abortSignal: context.signal.abortSignal });
    await untilAborted(context.signal, sending);
    if (outcome === undefined) throw new Error('the client answered without having sent the request');
    return outcome.value;
  } catch (error) {
    throw failureOf(error, command.constructor.name.replace(/Command$/, ''));
  }
}
