import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { account, type Candidate } from '../candidates.ts';

export interface ClientTuning {
  /** Without it the SDK makes an agent, and with it a connection, for every body of 2 MiB or more. */
  ownAgent?: boolean;
}

export function s3Client(endpoint: string, { ownAgent = false }: ClientTuning = {}): S3Client {
  const agentOptions = { keepAlive: true, maxSockets: 50 };
  return new S3Client({
    endpoint,
    ...account,
    forcePathStyle: true,
    ...(ownAgent && {
      requestHandler: {
        httpAgent: new http.Agent(agentOptions),
        httpsAgent: new https.Agent(agentOptions),
      },
    }),
  });
}

export function sdkStream(endpoint: string, tuning?: ClientTuning): Candidate {
  const client = s3Client(endpoint, tuning);
  return {
    put: ({ path, bytes }, bucket) =>
      client.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: 'key',
          Body: createReadStream(path),
          ContentLength: bytes,
        }),
      ),
    end: () => client.destroy(),
  };
}

/** For a small file. */
export function sdkBuffer(endpoint: string): Candidate {
  const client = s3Client(endpoint);
  return {
    put: async ({ path }, bucket) =>
      client.send(new PutObjectCommand({ Bucket: bucket, Key: 'key', Body: await readFile(path) })),
    end: () => client.destroy(),
  };
}
