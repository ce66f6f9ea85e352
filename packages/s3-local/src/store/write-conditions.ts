import type { S3Request } from '../request.ts';
import { S3Error } from '../s3-error.ts';
import type { ObjectRecord } from './object-file.ts';

/** What has to hold about the object that a write replaces. */
export interface WriteConditions {
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: '*' | undefined;
}

export function readWriteConditions({ headers }: S3Request): WriteConditions {
  const ifNoneMatch = headers.get('if-none-match');
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*') {
    throw new S3Error('NotImplemented', { details: { Header: 'If-None-Match' } });
  }
  return { ifMatch: headers.get('if-match'), ifNoneMatch };
}

export function verifyWriteConditions(
  { ifMatch, ifNoneMatch }: WriteConditions,
  current: ObjectRecord | undefined,
): void {
  if (ifNoneMatch !== undefined && current) {
    throw new S3Error('PreconditionFailed', { details: { Condition: 'If-None-Match' } });
  }
  if (ifMatch === undefined) return;
  if (!current) throw new S3Error('NoSuchKey');
  if (ifMatch !== '*' && ifMatch.replaceAll('"', '') !== current.etag) {
    throw new S3Error('PreconditionFailed', { details: { Condition: 'If-Match' } });
  }
}
