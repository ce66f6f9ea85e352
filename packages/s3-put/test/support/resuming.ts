import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { PutAnswer, S3PutOptions } from '@silly-face/s3-put';
import { localS3 } from './s3-local.ts';
import type { LocalS3 } from './s3-local.ts';
import { credentials, MiB, s3Put, someBytes, temporaryFile, temporaryFolder } from './uploads.ts';

const fixture = fileURLToPath(new URL('../fixtures/put-in-parts.mjs', import.meta.url));

export const PART_BYTES = 5 * MiB;
export const inParts = { multipartFromBytes: PART_BYTES, partBytes: PART_BYTES };

export interface Resuming {
  s3: LocalS3;
  content: Buffer;
  path: string;
  journalDirectory: string;
  /** The files in it. */
  journals: () => Promise<string[]>;
  /** Puts the file in this process. */
  put: (options?: Partial<S3PutOptions>, headers?: Record<string, string>) => Promise<PutAnswer>;
  /** Puts the file in a process of its own, and kills that once `untilParts` are acknowledged. */
  putAndKill: (untilParts: number, options?: Partial<S3PutOptions>) => Promise<void>;
}

/** A file of so many MiB, an S3 to put it to, and an empty folder for journals. */
export async function resuming(mebibytes: number): Promise<Resuming> {
  const s3 = await localS3();
  const content = someBytes(mebibytes * MiB + 11);
  const path = await temporaryFile(content, 'film.mp4');
  const journalDirectory = `${await temporaryFolder()}/journals/of/uploads`;
  return {
    s3,
    content,
    path,
    journalDirectory,
    journals: async () => await readdir(journalDirectory),
    put: async (options = {}, headers = {}) =>
      await s3Put(s3.endpoint, { ...inParts, journalDirectory, ...options }).put(path, 'film', headers),
    putAndKill: async (untilParts, options) => {
      const all = { endpoint: s3.endpoint, region: 'us-east-1', credentials, journalDirectory, ...options };
      const child = fork(fixture, [JSON.stringify({ options: all, filePath: path, key: 'film' })]);
      onTestFinished(() => void child.kill('SIGKILL'));
      child.on('message', ({ bytes = 0 }: { bytes?: number }) => {
        if (bytes >= untilParts * PART_BYTES) child.kill('SIGKILL');
      });
      await once(child, 'close');
      if (child.signalCode !== 'SIGKILL') throw new Error('Expected the upload to last longer');
    },
  };
}
