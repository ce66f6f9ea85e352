import { CreateMultipartUploadCommand } from '@aws-sdk/client-s3';
import { POLYNOMIALS } from '../checksum/algorithm.ts';
import type { Context } from '../client/attempt.ts';
import { sendCommand } from '../client/command.ts';
import { Failure } from '../failure.ts';
import { notFromS3 } from '../response.ts';
import { element } from '../xml.ts';
import type { BegunUpload } from './journal.ts';

type Created = Omit<BegunUpload, 'partBytes'>;

/** Begins an upload, with a checksum of the whole object where the server and the algorithm can. */
export async function createUpload(
  target: { Bucket: string; Key: string },
  headers: Record<string, string>,
  context: Context,
): Promise<Created> {
  const { checksumAlgorithm } = context.settings;
  if (POLYNOMIALS[checksumAlgorithm] === undefined || !context.way.knowsFullObject)
    return await create(target, headers, context);
  try {
    return await create(target, { ...headers, 'x-amz-checksum-type': 'FULL_OBJECT' }, context);
  } catch (error) {
    if (!isAboutTheType(error)) throw error;
    const created = await create(target, headers, context);
    // It was that, for without it all is well.
    context.way.knowsFullObject = false;
    return created;
  }
}

const create = async (
  target: { Bucket: string; Key: string },
  headers: Record<string, string>,
  context: Context,
): Promise<Created> =>
  await sendCommand(
    new CreateMultipartUploadCommand({ ...target, ChecksumAlgorithm: context.settings.checksumAlgorithm }),
    {
      headers,
      judge: (answer) => {
        const uploadId = element(answer.body.toString('utf8'), 'UploadId');
        if (uploadId === undefined) throw notFromS3(answer, 'an upload id');
        // A server that does not know of types says nothing.
        return { uploadId, isFullObject: answer.headers['x-amz-checksum-type'] === 'FULL_OBJECT' };
      },
    },
    context,
  );

/** What a server may say to a header that it has never heard of. */
const isAboutTheType = (error: unknown): boolean =>
  error instanceof Failure &&
  error.details.source === 's3' &&
  ['InvalidArgument', 'InvalidRequest', 'NotImplemented'].includes(error.details.s3?.code ?? '');
