import { quoted } from '../answer.ts';
import type { Checksum } from '../body/promised-digests.ts';
import { parameter } from '../request.ts';
import type { S3Request } from '../request.ts';
import { S3Error } from '../s3-error.ts';
import type { UploadRecord } from '../store/uploads.ts';
import { encryptionHeaders, etagOf, verifyPartKey } from './encryption.ts';
import { checksumHeaders } from './object-headers.ts';
import { bucketOf, keyOf } from './operation.ts';
import type { Operation } from './operation.ts';
import { verifyDeclaredSize } from './put-object.ts';

export const maximumPartNumber = 10_000;

export const uploadPart: Operation = {
  name: 'UploadPart',
  async run(call) {
    const { request, body, store } = call;
    verifyDeclaredSize(request, body);
    const number = readPartNumber(request);
    const bucket = await bucketOf(call);
    const upload = await bucket.uploads.get(parameter(request, 'uploadId') ?? '', keyOf(call));
    verifyPartKey(request, upload.encryption);
    verifyAlgorithm(upload, body.promisedAlgorithm);
    if (upload.checksum) body.computeChecksum(upload.checksum.algorithm);

    return store.writing(async (writer) => {
      const { bytes, md5, checksum } = await body.receive((piece) => writer.write(piece));
      const stored = checksum && ({ ...checksum, type: 'FULL_OBJECT' } as const);
      const etag = etagOf(md5, upload.encryption);
      const record = {
        key: upload.key,
        bytes,
        etag,
        lastModifiedMs: Date.now(),
        headers: {},
        ...(stored && { checksum: stored }),
      };
      await bucket.uploads.publishPart(upload.id, number, record, writer);
      const { 'x-amz-checksum-type': _, ...headers } = checksumHeaders(stored);
      return {
        status: 200,
        headers: { etag: quoted(etag), ...headers, ...encryptionHeaders(upload.encryption) },
      };
    });
  },
};

export function readPartNumber(request: S3Request): number {
  const text = parameter(request, 'partNumber') ?? '';
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= maximumPartNumber) return number;
  throw new S3Error('InvalidArgument', {
    message: `Part number must be an integer between 1 and ${maximumPartNumber}, inclusive`,
    details: { ArgumentName: 'partNumber', ArgumentValue: text },
  });
}

/** A checksum of checksums needs one from each part, of the kind that was announced. */
function verifyAlgorithm({ checksum }: UploadRecord, given: Checksum['algorithm'] | undefined): void {
  if (!checksum || checksum.algorithm === given) return;
  if (given === undefined && checksum.type === 'FULL_OBJECT') return;
  throw new S3Error('InvalidRequest', {
    message: `Checksum Type mismatch occurred, expected checksum Type: ${checksum.algorithm.toLowerCase()}, actual checksum Type: ${given?.toLowerCase() ?? 'null'}`,
  });
}
