import { ListMultipartUploadsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { createS3Local } from '@silly-face/s3-local';
import type { S3Local } from '@silly-face/s3-local';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { onTestFinished } from 'vitest';
import { storedObjects } from './stored-objects.ts';
import type { StoredObjects } from './stored-objects.ts';
import { credentials, temporaryFolder } from './uploads.ts';

export interface LocalS3 extends Pick<S3Local, 'endpoint' | 'port' | 'faults' | 'server'>, StoredObjects {
  /** An ordinary SDK client, to look at what was stored. */
  client: S3Client;
  /** How many uploads have begun and not ended. */
  uploadsLeft(): Promise<number>;
  /** All heads so far, in their order. */
  requests: Request[];
  /** What a program needs to find it. */
  environment: Record<string, string>;
}

export interface Request {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
}

/** Those that send a part. */
export const partsIn = (requests: readonly Request[]): Request[] =>
  requests.filter(({ method, url }) => method === 'PUT' && url.includes('partNumber='));

/** A strict S3 with an empty bucket, closed with the test. */
export async function localS3({ bucket = 'bucket' } = {}): Promise<LocalS3> {
  const directory = await temporaryFolder();
  const s3 = await createS3Local({ directory, port: 0, credentials, buckets: [bucket] });
  const requests: Request[] = [];
  for (const asked of ['request', 'checkContinue']) {
    s3.server.on(asked, ({ method = '', url = '', headers }: IncomingMessage) => {
      requests.push({ method, url, headers });
    });
  }
  const client = new S3Client({ endpoint: s3.endpoint, credentials, region: 'us-east-1' });
  onTestFinished(async () => {
    client.destroy();
    await s3.close();
  });
  return {
    endpoint: s3.endpoint,
    port: s3.port,
    faults: s3.faults,
    server: s3.server,
    client,
    ...storedObjects(client, bucket),
    uploadsLeft: async () => {
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
      return Uploads.length;
    },
    requests,
    environment: {
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    },
  };
}

/** All keys of the bucket, in S3's order. */
export async function keysIn({ client }: LocalS3, bucket = 'bucket'): Promise<string[]> {
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
  return Contents.map(({ Key = '' }) => Key);
}
