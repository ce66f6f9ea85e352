import { xmlAnswer, xmlTime } from '../answer.ts';
import { parameter } from '../request.ts';
import type { S3Request } from '../request.ts';
import type { UploadRecord } from '../store/uploads.ts';
import { readEncoding, readMaximum } from './listing-parameters.ts';
import { bucketOf } from './operation.ts';
import type { Operation } from './operation.ts';
import { pageOf } from './page.ts';
import type { PageItem } from './page.ts';

export const listMultipartUploads: Operation = {
  name: 'ListMultipartUploads',
  async run(call) {
    const { request } = call;
    const prefix = parameter(request, 'prefix') ?? '';
    const delimiter = parameter(request, 'delimiter') ?? '';
    const limit = readMaximum(request, 'max-uploads');
    const encode = readEncoding(request);
    const { name, uploads } = await bucketOf(call);
    const following = afterMarkers(await uploads.list(), request, delimiter);
    const page = pageOf(following, { prefix, delimiter, limit, after: undefined });
    return xmlAnswer('ListMultipartUploadsResult', {
      Bucket: name,
      KeyMarker: encode(parameter(request, 'key-marker') ?? ''),
      UploadIdMarker: parameter(request, 'upload-id-marker') ?? '',
      ...markers(page.next, encode),
      Prefix: encode(prefix),
      ...(delimiter !== '' && { Delimiter: encode(delimiter) }),
      EncodingType: parameter(request, 'encoding-type'),
      MaxUploads: limit,
      IsTruncated: page.next !== undefined,
      Upload: page.items.flatMap((item) =>
        'record' in item
          ? [
              {
                Key: encode(item.record.key),
                UploadId: item.record.id,
                Initiated: xmlTime(item.record.initiatedMs),
                StorageClass: item.record.headers['x-amz-storage-class'] ?? 'STANDARD',
                ChecksumAlgorithm: item.record.checksum?.algorithm,
                ChecksumType: item.record.checksum?.type,
              },
            ]
          : [],
      ),
      CommonPrefixes: page.items.flatMap((item) =>
        'prefix' in item ? [{ Prefix: encode(item.prefix) }] : [],
      ),
    });
  },
};

/** Several uploads may share a key, so a page ends at a key and an id, or at a common prefix. */
function afterMarkers(
  uploads: readonly UploadRecord[],
  request: S3Request,
  delimiter: string,
): UploadRecord[] {
  const key = parameter(request, 'key-marker') ?? '';
  if (key === '') return [...uploads];
  const id = parameter(request, 'upload-id-marker') ?? '';
  const last = id === '' ? -1 : uploads.findIndex((upload) => upload.key === key && upload.id === id);
  const isRolledUp = delimiter !== '' && key.endsWith(delimiter);
  return uploads.filter((upload, index) => {
    if (isRolledUp && upload.key.startsWith(key)) return false;
    if (upload.key === key) return last !== -1 && index > last;
    return Buffer.compare(Buffer.from(upload.key), Buffer.from(key)) > 0;
  });
}

function markers(
  last: PageItem<UploadRecord> | undefined,
  encode: (text: string) => string,
): { NextKeyMarker?: string; NextUploadIdMarker?: string } {
  if (!last) return {};
  if ('prefix' in last) return { NextKeyMarker: encode(last.prefix), NextUploadIdMarker: '' };
  return { NextKeyMarker: encode(last.record.key), NextUploadIdMarker: last.record.id };
}
