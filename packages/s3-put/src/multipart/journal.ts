import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ChecksumAlgorithm } from '../checksum/algorithm.ts';
import { untilAborted } from '../deadline.ts';
import { Failure } from '../failure.ts';
import type { LargeFile } from '../source/file.ts';
import type { StopSignal } from '../stop-signal.ts';

/** An upload that has begun. */
export interface BegunUpload {
  uploadId: string;
  partBytes: number;
  /** Whether S3 will have one checksum of the whole object. */
  isFullObject: boolean;
}

/** What an upload is of: it can only go on when nothing of this has changed. */
export interface JournalSubject {
  bucket: string;
  key: string;
  headers: Record<string, string>;
  algorithm: ChecksumAlgorithm;
  file: LargeFile;
}

/**
 * Remembers, in a file of its own, the upload of one file to one key, for a process that goes on where this one was killed. Which
 * parts are there is no business of the journal's: S3 knows it better.
 */
export class Journal {
  readonly #path: string;
  readonly #directory: string;
  readonly #subject: string;

  constructor(directory: string, { bucket, key, headers, algorithm, file }: JournalSubject) {
    const { size, mtimeNs, ino, dev } = file.opened;
    const path = resolve(file.path);
    this.#directory = resolve(directory);
    this.#path = join(this.#directory, `${sha256([bucket, key, path])}.json`);
    const sortedHeaders = Object.entries(headers).toSorted(([a], [b]) => (a < b ? -1 : 1));
    this.#subject = sha256([
      bucket,
      key,
      path,
      ...[size, mtimeNs, ino, dev].map(String),
      algorithm,
      sortedHeaders,
    ]);
  }

  /** The upload to go on with. One of a file or with headers that are no longer the same is `stale`. */
  async read(): Promise<{ begun: BegunUpload; isStale: boolean } | undefined> {
    const text = await readFile(this.#path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') return undefined;
      throw unusable(this.#path, cause);
    });
    if (text === undefined) return undefined;
    const { subject, ...begun } = this.#parsed(text);
    return { begun, isStale: subject !== this.#subject };
  }

  /** Durable when it resolves. */
  async write(begun: BegunUpload): Promise<void> {
    const temporary = `${this.#path}.${process.pid}`;
    try {
      await mkdir(this.#directory, { recursive: true });
      const handle = await open(temporary, 'w', 0o600);
      try {
        await handle.writeFile(JSON.stringify({ subject: this.#subject, ...begun }));
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, this.#path);
    } catch (cause) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw unusable(this.#path, cause as Error);
    }
  }

  /**
   * Does `work` when no other put of this process has to do with the same file and key: two that go on with one upload would
   * complete it under each other.
   */
  async alone<T>(signal: StopSignal, work: () => Promise<T>): Promise<T> {
    const before = underWay.get(this.#path) ?? Promise.resolve();
    const own = before.then(() => (signal.aborted ? undefined : work()));
    const over = own.then(
      () => undefined,
      () => undefined,
    );
    underWay.set(this.#path, over);
    void over.then(() => underWay.get(this.#path) === over && underWay.delete(this.#path));
    await untilAborted(signal, before);
    return (await own) as T;
  }

  /** One that cannot be removed is of an upload that is no more, which the next put finds out. */
  async forget(): Promise<void> {
    await rm(this.#path, { force: true }).catch(() => undefined);
  }

  #parsed(text: string): BegunUpload & { subject: string } {
    try {
      const { subject, uploadId, partBytes, isFullObject } = JSON.parse(text) as Record<string, unknown>;
      if (typeof subject === 'string' && typeof uploadId === 'string' && isPartSize(partBytes))
        return { subject, uploadId, partBytes, isFullObject: isFullObject === true };
    } catch {
      // Said below.
    }
    throw unusable(this.#path, new Error('it is not one of ours'));
  }
}

/** The last put of each journal, by its path. */
const underWay = new Map<string, Promise<void>>();

const sha256 = (of: unknown): string => createHash('sha256').update(JSON.stringify(of)).digest('hex');

const isPartSize = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) > 0 && (value as number) <= MOST_PART_BYTES;

/** S3's limit. */
const MOST_PART_BYTES = 5 * 1024 ** 3;

const unusable = (path: string, cause: Error): Failure =>
  new Failure(`the journal ${JSON.stringify(path)} cannot be used: ${cause.message}`, {
    source: 'file',
    code: 'EJOURNAL',
    cause,
  });
