import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { S3Put, S3PutError } from '@silly-face/s3-put';
import type { S3PutOptions } from '@silly-face/s3-put';
import { onTestFinished } from 'vitest';

// On Node 20 the SDK says at its first client that later versions of it will want another Node.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';

export const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };

/**
 * An S3Put with a client of its own, closed with the test. It waits for S3's permission longer than by default: on a busy
 * machine a second may pass before that is read.
 */
export function s3Put(endpoint: string, options: Partial<S3PutOptions> = {}): S3Put {
  const own = options.client === undefined ? { endpoint, credentials, region: 'us-east-1' } : {};
  const made = new S3Put({ bucket: 'bucket', continueTimeoutMs: 60_000, ...own, ...options });
  onTestFinished(() => made.destroy());
  return made;
}

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 's3-put-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function temporaryFile(content: Uint8Array | string, name = 'photo.jpg'): Promise<string> {
  const path = join(await temporaryFolder(), name);
  await writeFile(path, content);
  return path;
}

/** A folder with these files in it, each of which holds its own path. */
export async function folderWith(...paths: string[]): Promise<string> {
  const folder = await temporaryFolder();
  for (const path of paths) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), path);
  }
  return folder;
}

/** Bytes of which no two pieces are alike. */
export function someBytes(size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  let state = size | 1;
  for (let index = 0; index < size; index += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

/** The error of a put that has to fail. */
export async function failureOf(put: Promise<unknown>): Promise<S3PutError> {
  try {
    await put;
  } catch (error) {
    if (error instanceof S3PutError) return error;
    throw error;
  }
  throw new Error('Expected the put to fail');
}

export const MiB = 1024 * 1024;
