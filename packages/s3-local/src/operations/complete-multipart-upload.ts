import { createHash } from 'node:crypto';
import { quoted, xmlAnswer } from '../answer.ts';
import { checksumElement, checksumHeader } from '../checksum/algorithm.ts';
import { parameter } from '../request.ts';
import type { S3Request } from '../request.ts';
import { S3Error } from '../s3-error.ts';
import { bytesOf, openObject } from '../store/object-file.ts';
import type { ObjectRecord, ObjectWriter } from '../store/object-file.ts';
import type { UploadRecord, UploadedPart } from '../store/uploads.ts';
import { readWriteConditions, verifyWriteConditions } from '../store/write-conditions.ts';
import { encryptionHeaders } from './encryption.ts';
import { chooseParts, readPartList } from './part-list.ts';
import { joinedChecksum } from './multipart-checksum.ts';
import { bucketOf, keyOf } from './operation.ts';
import type { Operation } from './operation.ts';

export const completeMultipartUpload: Operation = {
  name: 'CompleteMultipartUpload',
  // A checksum in the head of this request is the object's.
  digestsDescribeBody: false,
  async run(call) {
    const { request, body, store } = call;
    const conditions = readWriteConditions(request);
    const key = keyOf(call);
    const bucket = await bucketOf(call);
    const id = parameter(request, 'uploadId') ?? '';
    await bucket.uploads.get(id, key);
    verifyWriteConditions(conditions, await bucket.record(key));
    const listed = readPartList(await body.text());

    return bucket.uploads.ending(id, async () => {
      const upload = await bucket.uploads.get(id, key);
      const parts = chooseParts(listed, await bucket.uploads.parts(id), upload);
      const record = await store.writing(async (writer) => {
        const joined = await joinParts(parts, upload, writer);
        verifyWhole(request, joined);
        await bucket.publish(joined, writer, conditions);
        return joined;
      });
      await bucket.uploads.remove(id);
      const { checksum } = record;
      const result = {
        Location: `${request.bucketUrl}/${encodeURIComponent(key)}`,
        Bucket: bucket.name,
        Key: key,
        ETag: quoted(record.etag),
        ...(checksum && {
          [checksumElement(checksum.algorithm)]: checksum.value,
          ChecksumType: checksum.type,
        }),
      };
      return xmlAnswer('CompleteMultipartUploadResult', result, encryptionHeaders(record.encryption));
    });
  },
};

async function joinParts(
  parts: readonly UploadedPart[],
  upload: UploadRecord,
  writer: ObjectWriter,
): Promise<ObjectRecord> {
  const etags = createHash('md5');
  let bytes = 0;
  for (const { path, record, number } of parts) {
    const part = await openObject(path);
    // Replaced since it was chosen: the list names another one.
    if (part?.record.etag !== record.etag) {
      await part?.handle.close();
      throw new S3Error('InvalidPart', { details: { PartNumber: String(number) } });
    }
    try {
      for await (const piece of bytesOf(part.handle, record.bytes)) await writer.write(piece);
    } finally {
      await part.handle.close();
    }
    etags.update(Buffer.from(record.etag, 'hex'));
    bytes += record.bytes;
  }
  const { checksum, key, headers, tags, encryption, acl } = upload;
  const records = parts.map(({ record }) => record);
  return {
    key,
    headers,
    ...(tags && { tags }),
    ...(encryption && { encryption }),
    ...(acl !== undefined && { acl }),
    bytes,
    etag: `${etags.digest('hex')}-${parts.length}`,
    lastModifiedMs: Date.now(),
    ...(checksum && { checksum: joinedChecksum(checksum, records) }),
    parts: parts.map(({ number, record }) => ({
      number,
      bytes: record.bytes,
      ...(record.checksum && { checksum: record.checksum.value }),
    })),
  };
}

/** Holds the object against what the request says about it as a whole. */
function verifyWhole({ headers }: S3Request, { bytes, checksum }: ObjectRecord): void {
  const size = headers.get('x-amz-mp-object-size');
  if (size !== undefined && Number(size) !== bytes) {
    throw new S3Error('InvalidRequest', {
      message: `The provided 'x-amz-mp-object-size' header value ${size} does not match what was computed: ${bytes}`,
    });
  }
  const type = headers.get('x-amz-checksum-type')?.toUpperCase();
  if (type !== undefined && checksum && type !== checksum.type) {
    throw new S3Error('InvalidRequest', {
      message: `The upload was created using the ${checksum.type} checksum mode. The complete request must use the same checksum mode.`,
    });
  }
  const promised = checksum && headers.get(checksumHeader(checksum.algorithm));
  if (checksum && promised !== undefined && promised !== checksum.value) {
    throw new S3Error('BadDigest', {
      message: `The ${checksum.algorithm.toLowerCase()} you specified did not match the calculated checksum.`,
    });
  }
}
