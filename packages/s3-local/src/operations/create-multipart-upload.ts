import { xmlAnswer } from '../answer.ts';
import { encryptionHeaders } from './encryption.ts';
import { readMultipartChecksum } from './multipart-checksum.ts';
import { readTraits } from './object-traits.ts';
import { bucketOf, keyOf } from './operation.ts';
import type { Operation } from './operation.ts';

export const createMultipartUpload: Operation = {
  name: 'CreateMultipartUpload',
  async run(call) {
    const checksum = readMultipartChecksum(call.request);
    const traits = readTraits(call.request);
    const key = keyOf(call);
    const bucket = await bucketOf(call);
    const upload = await bucket.uploads.begin({
      ...traits,
      key,
      initiatedMs: Date.now(),
      ...(checksum && { checksum }),
    });
    return xmlAnswer(
      'InitiateMultipartUploadResult',
      { Bucket: bucket.name, Key: key, UploadId: upload.id },
      {
        ...encryptionHeaders(upload.encryption),
        ...(checksum && {
          'x-amz-checksum-algorithm': checksum.algorithm,
          'x-amz-checksum-type': checksum.type,
        }),
      },
    );
  },
};
