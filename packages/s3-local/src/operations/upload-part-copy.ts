import { quoted, xmlAnswer, xmlTime } from '../answer.ts';
import { checksumElement, startDigest } from '../checksum/algorithm.ts';
import { parameter } from '../request.ts';
import type { S3Request } from '../request.ts';
import { S3Error } from '../s3-error.ts';
import { bytesOf } from '../store/object-file.ts';
import type { ByteRange } from './byte-range.ts';
import { openCopySource, readCopySource } from './copy-source.ts';
import { encryptionHeaders, etagOf, verifyPartKey } from './encryption.ts';
import { bucketOf, keyOf } from './operation.ts';
import type { Operation } from './operation.ts';
import { verifySize } from './put-object.ts';
import { readPartNumber } from './upload-part.ts';

/** A part out of an object, or out of a range of it. */
export const uploadPartCopy: Operation = {
  name: 'UploadPartCopy',
  async run(call) {
    const { request, store } = call;
    const source = readCopySource(request);
    const number = readPartNumber(request);
    const { uploads } = await bucketOf(call);
    const upload = await uploads.get(parameter(request, 'uploadId') ?? '', keyOf(call));
    verifyPartKey(request, upload.encryption);

    const { record: original, handle } = await openCopySource(call, source);
    try {
      const range = readSourceRange(request, original.bytes);
      const bytes = range.end - range.start;
      verifySize(bytes);
      return await store.writing(async (writer) => {
        const md5 = startDigest('MD5');
        const checksum = upload.checksum && startDigest(upload.checksum.algorithm);
        for await (const piece of bytesOf(handle, range.end, range.start)) {
          md5.update(piece);
          checksum?.update(piece);
          await writer.write(piece);
        }
        const etag = etagOf(md5.digest().toString('hex'), upload.encryption);
        const value = checksum?.digest().toString('base64');
        const record = {
          key: upload.key,
          bytes,
          etag,
          lastModifiedMs: Date.now(),
          headers: {},
          ...(upload.checksum &&
            value !== undefined && {
              checksum: { algorithm: upload.checksum.algorithm, value, type: 'FULL_OBJECT' as const },
            }),
        };
        await uploads.publishPart(upload.id, number, record, writer);
        const result = {
          LastModified: xmlTime(record.lastModifiedMs),
          ETag: quoted(etag),
          ...(upload.checksum && { [checksumElement(upload.checksum.algorithm)]: value }),
        };
        return xmlAnswer('CopyPartResult', result, encryptionHeaders(upload.encryption));
      });
    } finally {
      await handle.close();
    }
  },
};

/** Unlike the range of a read, this one has both ends, and lies within its source. */
function readSourceRange({ headers }: S3Request, bytes: number): ByteRange {
  const name = 'x-amz-copy-source-range';
  const header = headers.get(name);
  if (header === undefined) return { start: 0, end: bytes };
  const [, first, last] = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(header) ?? [];
  if (first === undefined || last === undefined || Number(first) > Number(last)) {
    throw new S3Error('InvalidArgument', {
      message:
        'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy',
      details: { ArgumentName: name, ArgumentValue: header },
    });
  }
  if (Number(last) >= bytes) {
    throw new S3Error('InvalidArgument', {
      message: `Range specified is not valid for source object of size: ${bytes}`,
      details: { ArgumentName: name, ArgumentValue: header },
    });
  }
  return { start: Number(first), end: Number(last) + 1 };
}
