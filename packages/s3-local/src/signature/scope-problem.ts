import type { CredentialScope } from './signing-key.ts';

/** What is wrong with the scope of a signature made at `timestamp`; each form of signature says it in its own error. */
export function scopeProblem(
  { date, region, service, terminator }: CredentialScope,
  timestamp: string,
  expectedRegion: string,
): { message: string; details?: Record<string, string> } | undefined {
  if (region !== expectedRegion) {
    return {
      message: `the region '${region}' is wrong; expecting '${expectedRegion}'`,
      details: { Region: expectedRegion },
    };
  }
  if (service !== 's3') {
    return { message: `incorrect service "${service}". This endpoint belongs to "s3".` };
  }
  if (terminator !== 'aws4_request') {
    return { message: `incorrect terminal "${terminator}". This endpoint uses "aws4_request".` };
  }
  if (!timestamp.startsWith(date)) {
    return {
      message: `Invalid credential date "${date}". This date is not the same as X-Amz-Date: "${timestamp.slice(0, 8)}".`,
    };
  }
  return undefined;
}
