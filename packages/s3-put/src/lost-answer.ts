import { HeadObjectCommand } from '@aws-sdk/client-s3';
import type { Context } from './client/attempt.ts';
import { sendCommand } from './client/command.ts';
import type { FailedAttempt } from './errors.ts';
import { Failure } from './failure.ts';
import { headersOf } from './multipart/headers.ts';
import type { Stored } from './put-object.ts';
import { notFromS3 } from './response.ts';
import type { WireAnswer } from './response.ts';

/**
 * Whether a condition that was not met may have been broken by the same request before, whose answer was lost on its way: then
 * `if-none-match: *` finds our own object. `bodyBytes` is never 0 here: that an empty body has gone out cannot be told from its
 * not having gone, and empty objects are what locks are made of.
 */
export function mayBeOurs(error: unknown, attempts: readonly FailedAttempt[], bodyBytes: number): boolean {
  if (!(error instanceof Failure) || error.details.answer?.statusCode !== 412 || bodyBytes === 0)
    return false;
  // A proxy that gave up waiting has not heard the answer either.
  return attempts.slice(0, -1).some(({ code, bytesSent }) => code !== 'ES3' && bytesSent === bodyBytes);
}

/**
 * The object under the key.
 * @throws {Failure} of `judge`, or when there is none, when nobody may look, when nothing of it can be compared
 */
export async function lookForObject(
  key: string,
  given: Record<string, string>,
  judge: (answer: WireAnswer) => Stored | Promise<Stored>,
  context: Context,
): Promise<Stored> {
  const command = new HeadObjectCommand({
    Bucket: context.settings.bucket,
    Key: key,
    ChecksumMode: 'ENABLED',
  });
  const errand = { headers: headersOf(given).part, judge };
  const stored = await sendCommand(command, errand, { ...context, history: [] });
  if (!stored.verified.checksum && !stored.verified.etag) throw notFromS3(stored.answer, 'a checksum');
  return stored;
}
