import type { S3Request } from '../request.ts';
import { S3Error } from '../s3-error.ts';

/** What would have to be pretended: every one of these changes what a request means. */
const unsupportedHeaders =
  /^x-amz-(?:grant-|server-side-encryption-context|object-lock-|bucket-object-lock|write-offset|if-match-|(?:source-)?expected-bucket-owner|mfa$)/;

export function refuseUnsupported({ headers }: S3Request): void {
  const refused = [...headers.keys()].find((name) => unsupportedHeaders.test(name));
  if (refused !== undefined) throw unsupported(refused);
}

export function unsupported(header: string): S3Error {
  return new S3Error('NotImplemented', { details: { Header: header } });
}
