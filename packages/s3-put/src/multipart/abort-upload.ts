import { AbortMultipartUploadCommand } from '@aws-sdk/client-s3';
import type { Context } from '../client/attempt.ts';
import { sendCommand } from '../client/command.ts';
import { Deadline } from '../deadline.ts';
import { Failure } from '../failure.ts';
import type { Upload } from './upload-parts.ts';

/** Takes the parts of a failed upload out of the bucket. False when they may still be there. */
export async function abortUpload(
  upload: Upload,
  headers: Record<string, string>,
  context: Context,
): Promise<boolean> {
  // The put's own signal may have aborted already.
  const deadline = new Deadline(undefined);
  deadline.limit(ABORT_LIMIT_MS);
  try {
    const command = new AbortMultipartUploadCommand(upload);
    const own = { ...context, signal: deadline.signal, history: [] };
    await sendCommand(command, { headers, judge: () => undefined }, own);
    return true;
  } catch (error) {
    return error instanceof Failure && error.details.s3?.code === 'NoSuchUpload';
  } finally {
    deadline.release();
  }
}

const ABORT_LIMIT_MS = 10_000;
