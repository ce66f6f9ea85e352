import { S3Put, type S3PutOptions } from '@silly-face/s3-put';
import { account, type Candidate } from '../candidates.ts';

export function ours(endpoint: string, options: Partial<S3PutOptions>): Candidate {
  const byBucket = new Map<string, S3Put>();
  const putInto = (bucket: string): S3Put => {
    const known = byBucket.get(bucket);
    if (known !== undefined) return known;
    const made = new S3Put({ bucket, endpoint, ...account, forcePathStyle: true, ...options });
    byBucket.set(bucket, made);
    return made;
  };
  return {
    put: ({ path }, bucket) => putInto(bucket).put(path, 'key'),
    end: () => Promise.all([...byBucket.values()].map((put) => put.close())),
  };
}
