import { createHash } from 'node:crypto';
import { CompleteMultipartUploadCommand } from '@aws-sdk/client-s3';
import type { ChecksumAlgorithm } from '../checksum/algorithm.ts';
import { checksumElement, checksumHeader } from '../checksum/headers.ts';
import type { Context } from '../client/attempt.ts';
import { sendCommand } from '../client/command.ts';
import { Failure } from '../failure.ts';
import { lookForObject, mayBeOurs } from '../lost-answer.ts';
import type { Stored } from '../put-object.ts';
import { notFromS3 } from '../response.ts';
import type { WireAnswer } from '../response.ts';
import { BytesSource } from '../source/bytes.ts';
import { isMd5Based, mismatch } from '../verify.ts';
import { element, escapedText } from '../xml.ts';
import { compositeChecksum, etagOfParts, fullObjectChecksum } from './checksum-of-parts.ts';
import type { MultipartHeaders } from './headers.ts';
import type { Part, Upload } from './upload-parts.ts';

export interface UploadToComplete {
  upload: Upload;
  headers: MultipartHeaders;
  parts: readonly Part[];
  isFullObject: boolean;
}

/** Makes one object of the parts. */
export async function completeUpload(complete: UploadToComplete, context: Context): Promise<Stored> {
  const failedBefore = context.history.length;
  try {
    const { stored: told, etag } = await sendComplete(complete, context);
    if (etag !== undefined) return told;
    // Ceph has finished the object, but not what it says of it.
    const found = await lookForCompleted(complete, context);
    return found ?? { ...told, verified: { ...told.verified, etag: false } };
  } catch (error) {
    const attempts = context.history.slice(failedBefore);
    const isUnknown = error instanceof Failure && error.details.s3?.code === 'NoSuchUpload';
    // An answer that was lost on its way may have said that all was done, and that there is no such upload any more.
    if (!(isUnknown && attempts.length > 1) && !mayBeOurs(error, attempts, attempts[0]?.bytesSent ?? 0))
      throw error;
    return await lookForCompleted(complete, context).catch(() => {
      throw error;
    });
  }
}

interface Completed {
  stored: Stored;
  /** That of the answer. */
  etag: string | undefined;
}

async function sendComplete(complete: UploadToComplete, context: Context): Promise<Completed> {
  const { upload, headers, parts, isFullObject } = complete;
  const { checksumAlgorithm: algorithm } = context.settings;
  const document = Buffer.from(documentOf(parts, algorithm));
  return await sendCommand(
    // Its document is not the client's: that of 10,000 parts takes it dozens of MiB.
    new CompleteMultipartUploadCommand(upload),
    {
      headers: {
        ...headers.complete,
        'content-type': 'application/xml',
        'x-amz-content-sha256': createHash('sha256').update(document).digest('hex'),
        ...(isFullObject && {
          [checksumHeader(algorithm)]: checksumOf(complete, context),
          'x-amz-checksum-type': 'FULL_OBJECT',
        }),
      },
      document: new BytesSource(document),
      judge: (answer) => {
        const body = answer.body.toString('utf8');
        if (!/<CompleteMultipartUploadResult[\s>]/.test(body))
          throw notFromS3(answer, 'a CompleteMultipartUploadResult');
        const etag = element(body, 'ETag');
        const returned = element(body, checksumElement(algorithm));
        const stored = judged(complete, answer, { etag: etag ?? etagOfParts(parts), returned }, context);
        return { stored, etag };
      },
    },
    context,
  );
}

function documentOf(parts: readonly Part[], algorithm: ChecksumAlgorithm): string {
  const name = checksumElement(algorithm);
  const items = parts.map(
    ({ number, etag, checksum }) =>
      `<Part><PartNumber>${number}</PartNumber><ETag>${escapedText(etag)}</ETag>${
        checksum === undefined ? '' : `<${name}>${checksum.toString('base64')}</${name}>`
      }</Part>`,
  );
  const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/';
  return `<CompleteMultipartUpload xmlns="${namespace}">${items.join('')}</CompleteMultipartUpload>`;
}

/** The object under the key, if it is the one that was completed. */
const lookForCompleted = async (complete: UploadToComplete, context: Context): Promise<Stored> => {
  const judge = (answer: WireAnswer): Stored => {
    const { etag } = answer.headers;
    if (etag === undefined) throw notFromS3(answer, 'an ETag');
    const returned = answer.headers[checksumHeader(context.settings.checksumAlgorithm)];
    return judged(complete, answer, { etag, returned }, context);
  };
  return await lookForObject(complete.upload.Key, complete.headers.part, judge, context);
};

/** @throws {Failure} EINTEGRITY */
function judged(
  complete: UploadToComplete,
  answer: WireAnswer,
  { etag, returned }: { etag: string; returned: string | undefined },
  context: Context,
): Stored {
  const { upload, parts } = complete;
  const checksum = checksumOf(complete, context);
  if (returned !== undefined && returned !== checksum)
    throw mismatch(answer, context.settings.checksumAlgorithm, checksum, returned);
  const isComparable =
    context.settings.verifyETag !== false && isMd5Based(etag, answer.headers, upload.Bucket);
  const expected = etagOfParts(parts);
  if (isComparable && etag.replaceAll('"', '') !== expected) throw mismatch(answer, 'ETag', expected, etag);
  return { answer, etag, checksum, verified: { checksum: returned !== undefined, etag: isComparable } };
}

function checksumOf({ parts, isFullObject }: UploadToComplete, { settings }: Context): string {
  const whole = isFullObject ? fullObjectChecksum(parts, settings.checksumAlgorithm) : undefined;
  return whole ?? compositeChecksum(parts, settings.checksumAlgorithm);
}
