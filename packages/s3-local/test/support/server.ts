import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { createS3Local } from '@silly-face/s3-local';
import type { S3Local, S3LocalOptions } from '@silly-face/s3-local';
import { onTestFinished } from 'vitest';

// The SDK warns about every Node that it will not support one day; warnings fail tests here.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';

export const credentials = { accessKeyId: 'AKIDLOCAL', secretAccessKey: 'a secret/with+signs' };
export const bucket = 'photos';

export async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 's3-local-test-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** A server of its own for the running test, with the bucket `photos`. */
export async function startServer(
  options: Partial<S3LocalOptions> = {},
): Promise<S3Local & { directory: string }> {
  const directory = options.directory ?? (await temporaryDirectory());
  const s3 = await createS3Local({ directory, credentials, buckets: [bucket], ...options });
  onTestFinished(() => s3.close());
  return Object.assign(s3, { directory });
}

export function startClient({ endpoint }: { endpoint: string }, config: S3ClientConfig = {}): S3Client {
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    credentials,
    forcePathStyle: true,
    maxAttempts: 1,
    ...config,
  });
  onTestFinished(() => client.destroy());
  return client;
}
