import type { Answer } from '../answer.ts';
import type { RequestBody } from '../body/request-body.ts';
import type { Settings } from '../options.ts';
import type { S3Request } from '../request.ts';
import { S3Error } from '../s3-error.ts';
import type { Bucket } from '../store/bucket.ts';
import type { ObjectRecord } from '../store/object-file.ts';
import type { Store } from '../store/store.ts';

/** A verified request on its way through an operation. */
export interface Call {
  readonly request: S3Request;
  readonly body: RequestBody;
  readonly store: Store;
  readonly settings: Settings;
}

export interface Operation {
  readonly name: string;
  /** Whether `Content-MD5` and `x-amz-checksum-…` describe the body, as they mostly do. @default true */
  readonly digestsDescribeBody?: boolean;
  /** Whether it is signed by fields in its body, and verifies that itself. @default false */
  readonly signedByForm?: boolean;
  run(call: Call): Promise<Answer>;
}

/** The bucket that the request names, which has to exist. */
export function bucketOf({ request, store }: Call): Promise<Bucket> {
  return store.bucket(request.bucket ?? '');
}

/** What is known about the object that the request names, which has to exist. */
export async function recordOf(call: Call): Promise<ObjectRecord> {
  const record = await (await bucketOf(call)).record(keyOf(call));
  if (record) return record;
  throw new S3Error('NoSuchKey', { details: { Key: keyOf(call) } });
}

export function keyOf({ request }: Call): string {
  return request.key ?? '';
}
