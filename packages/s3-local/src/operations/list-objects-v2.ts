import { xmlAnswer } from '../answer.ts';
import { parameter } from '../request.ts';
import { S3Error } from '../s3-error.ts';
import { listedObjects } from './listed-objects.ts';
import { readEncoding, readMaximum } from './listing-parameters.ts';
import { bucketOf } from './operation.ts';
import type { Operation } from './operation.ts';
import { pageOf } from './page.ts';
import type { PageItem } from './page.ts';

export const listObjectsV2: Operation = {
  name: 'ListObjectsV2',
  async run(call) {
    const { request, settings } = call;
    const prefix = parameter(request, 'prefix') ?? '';
    const delimiter = parameter(request, 'delimiter') ?? '';
    const startAfter = parameter(request, 'start-after');
    const token = parameter(request, 'continuation-token');
    const limit = readMaximum(request, 'max-keys');
    const encode = readEncoding(request);
    const after = token === undefined ? startAfter && ({ key: startAfter } as const) : readToken(token);

    const bucket = await bucketOf(call);
    const page = pageOf(await bucket.records(), { prefix, delimiter, limit, after: after || undefined });
    const owner =
      parameter(request, 'fetch-owner') === 'true' ? { ID: settings.credentials.accessKeyId } : undefined;
    return xmlAnswer('ListBucketResult', {
      Name: bucket.name,
      Prefix: encode(prefix),
      ...(delimiter !== '' && { Delimiter: encode(delimiter) }),
      ...(startAfter !== undefined && { StartAfter: encode(startAfter) }),
      ContinuationToken: token,
      NextContinuationToken: page.next && writeToken(page.next),
      KeyCount: page.items.length,
      MaxKeys: limit,
      EncodingType: parameter(request, 'encoding-type'),
      IsTruncated: page.next !== undefined,
      ...listedObjects(page.items, encode, owner),
    });
  },
};

type Position = { readonly key: string } | { readonly prefix: string };

function writeToken(item: PageItem): string {
  const position: Position = 'record' in item ? { key: item.record.key } : { prefix: item.prefix };
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

function readToken(token: string): Position {
  try {
    const position = JSON.parse(Buffer.from(token, 'base64url').toString()) as Partial<
      Record<string, unknown>
    >;
    if (typeof position['key'] === 'string') return { key: position['key'] };
    if (typeof position['prefix'] === 'string') return { prefix: position['prefix'] };
  } catch {
    // Not one of ours: refused below.
  }
  throw new S3Error('InvalidArgument', {
    message: 'The continuation token provided is incorrect',
    details: { ArgumentName: 'continuation-token', ArgumentValue: token },
  });
}
