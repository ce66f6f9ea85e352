import { createReadStream } from 'node:fs';
import { type Options, Upload } from '@aws-sdk/lib-storage';
import type { Candidate } from '../candidates.ts';
import { type ClientTuning, s3Client } from './sdk.ts';

interface Tuning extends ClientTuning {
  upload?: Pick<Options, 'partSize' | 'queueSize'>;
  /** Of the reads. */
  highWaterMark?: number;
}

export function libStorage(endpoint: string, tuning: Tuning = {}): Candidate {
  const { upload, highWaterMark } = tuning;
  const client = s3Client(endpoint, tuning);
  return {
    put: ({ path }, bucket) =>
      new Upload({
        client,
        params: { Bucket: bucket, Key: 'key', Body: createReadStream(path, { highWaterMark }) },
        ...upload,
      }).done(),
    end: () => client.destroy(),
  };
}
