import { createHmac, timingSafeEqual } from 'node:crypto';

/** `20260131/us-east-1/s3/aws4_request`, in parts. */
export interface CredentialScope {
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly terminator: string;
}

export function scopeText({ date, region, service, terminator }: CredentialScope): string {
  return [date, region, service, terminator].join('/');
}

/** The key of one day, region and service, derived from the secret as Signature Version 4 says. */
export function signingKey(secretAccessKey: string, scope: CredentialScope): Buffer {
  let key = Buffer.from(`AWS4${secretAccessKey}`);
  for (const part of [scope.date, scope.region, scope.service, scope.terminator]) {
    key = createHmac('sha256', key).update(part).digest();
  }
  return key;
}

export function signed(key: Buffer, stringToSign: string): string {
  return createHmac('sha256', key).update(stringToSign).digest('hex');
}

/** In constant time, so that a signature cannot be guessed digit by digit. */
export function isSameSignature(expected: string, given: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}
