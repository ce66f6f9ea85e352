import { xmlAnswer } from '../answer.ts';
import { parameter } from '../request.ts';
import { readEncoding, readMaximum } from './listing-parameters.ts';
import { listedObjects } from './listed-objects.ts';
import { bucketOf } from './operation.ts';
import type { Operation } from './operation.ts';
import { pageOf } from './page.ts';
import type { PageQuery } from './page.ts';

/** The first version of the listing, which goes on behind a key instead of with a token. */
export const listObjects: Operation = {
  name: 'ListObjects',
  async run(call) {
    const { request, settings } = call;
    const prefix = parameter(request, 'prefix') ?? '';
    const delimiter = parameter(request, 'delimiter') ?? '';
    const marker = parameter(request, 'marker') ?? '';
    const limit = readMaximum(request, 'max-keys');
    const encode = readEncoding(request);

    const bucket = await bucketOf(call);
    const after = positionOf(marker, prefix, delimiter);
    const { items, next } = pageOf(await bucket.records(), { prefix, delimiter, limit, after });
    const last = next && ('record' in next ? next.record.key : next.prefix);
    return xmlAnswer('ListBucketResult', {
      Name: bucket.name,
      Prefix: encode(prefix),
      Marker: encode(marker),
      // Without a delimiter a client takes the last key of the page.
      ...(last !== undefined && delimiter !== '' && { NextMarker: encode(last) }),
      MaxKeys: limit,
      ...(delimiter !== '' && { Delimiter: encode(delimiter) }),
      EncodingType: parameter(request, 'encoding-type'),
      IsTruncated: next !== undefined,
      ...listedObjects(items, encode, { ID: settings.credentials.accessKeyId }),
    });
  },
};

/** A marker that was a common prefix stands for all that is rolled up in it. */
function positionOf(marker: string, prefix: string, delimiter: string): PageQuery['after'] {
  if (marker === '') return undefined;
  const isRolledUp = delimiter !== '' && marker.length > prefix.length && marker.endsWith(delimiter);
  return isRolledUp ? { prefix: marker } : { key: marker };
}
