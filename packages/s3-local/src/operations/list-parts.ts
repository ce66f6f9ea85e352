import { quoted, xmlAnswer, xmlTime } from '../answer.ts';
import { checksumElement } from '../checksum/algorithm.ts';
import { parameter } from '../request.ts';
import { readMaximum, readNumber } from './listing-parameters.ts';
import { bucketOf, keyOf } from './operation.ts';
import type { Operation } from './operation.ts';

export const listParts: Operation = {
  name: 'ListParts',
  async run(call) {
    const { request } = call;
    const marker = readNumber(request, 'part-number-marker') ?? 0;
    const limit = readMaximum(request, 'max-parts');
    const { name, uploads } = await bucketOf(call);
    const upload = await uploads.get(parameter(request, 'uploadId') ?? '', keyOf(call));
    const following = (await uploads.parts(upload.id)).filter(({ number }) => number > marker);
    const parts = following.slice(0, limit);
    return xmlAnswer('ListPartsResult', {
      Bucket: name,
      Key: upload.key,
      UploadId: upload.id,
      PartNumberMarker: marker,
      NextPartNumberMarker: parts.at(-1)?.number ?? 0,
      MaxParts: limit,
      IsTruncated: following.length > parts.length,
      ChecksumAlgorithm: upload.checksum?.algorithm,
      ChecksumType: upload.checksum?.type,
      StorageClass: upload.headers['x-amz-storage-class'] ?? 'STANDARD',
      Part: parts.map(({ number, record }) => ({
        PartNumber: number,
        LastModified: xmlTime(record.lastModifiedMs),
        ETag: quoted(record.etag),
        Size: record.bytes,
        ...(record.checksum && { [checksumElement(record.checksum.algorithm)]: record.checksum.value }),
      })),
    });
  },
};
