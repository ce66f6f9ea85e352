import type { PutAnswer } from './answer.ts';
import { inBothForms } from './callback-form.ts';
import type { PutCallback } from './callback-form.ts';
import type { Context } from './client/attempt.ts';
import { DirectWay } from './client/direct.ts';
import { Deadline, totalTimeoutFor } from './deadline.ts';
import { invalid } from './errors.ts';
import type { FailedAttempt, PutSubject } from './errors.ts';
import { errorOf, Failure } from './failure.ts';
import { headersToSend } from './headers.ts';
import type { PutHeaders } from './headers.ts';
import { assertKey } from './key.ts';
import { manySettingsOf } from './many/options.ts';
import type { PutManyOptions } from './many/options.ts';
import { putDirectory } from './many/put-directory.ts';
import type { PutDirectoryOptions, PutDirectorySummary } from './many/put-directory.ts';
import { putMany } from './many/put-many.ts';
import type { PutItem, PutManySummary } from './many/summary.ts';
import { presignPut, presignSettingsOf } from './presign.ts';
import type { PresignedPut, PresignOptions } from './presign.ts';
import { putSettingsOf, settingsOf } from './options.ts';
import type { PutOptions, S3PutOptions, Settings } from './options.ts';
import { Progress } from './progress.ts';
import type { Stored } from './put-object.ts';
import { BytesSource } from './source/bytes.ts';
import { ChunkReader } from './source/chunk-reader.ts';
import type { ByteStream } from './source/chunk-reader.ts';
import { LargeFile, openFile } from './source/file.ts';
import { Memory, PIECE_BYTES } from './source/memory.ts';
import type { Source } from './source/source.ts';
import { Throttle } from './transport/throttle.ts';
import { Transport } from './transport/transport.ts';
import { isForcedWhole, putFileInParts, putStream, putWhole } from './ways.ts';

/** Puts files into one bucket, over connections of its own. */
export class S3Put {
  readonly #settings: Settings;
  readonly #transport: Transport;
  readonly #pieceMemory = new Memory(PIECE_BYTES, MOST_KEPT_PIECES);
  readonly #shared: Pick<Context, 'transport' | 'way' | 'throttle' | 'partMemory'>;
  readonly #underWay = new Map<Deadline, Promise<unknown>>();
  #isClosed = false;

  /** @throws {S3PutError} EINVALID */
  constructor(options: S3PutOptions) {
    this.#settings = settingsOf(options);
    this.#transport = new Transport(this.#settings);
    const { client, maxBytesPerSecond, partBytes, parallelParts } = this.#settings;
    this.#shared = {
      transport: this.#transport,
      way: new DirectWay(client),
      throttle: maxBytesPerSecond === undefined ? undefined : new Throttle(maxBytesPerSecond),
      partMemory: new Memory(partBytes, parallelParts),
    };
  }

  /**
   * Stores the file at `filePath` under `key`. With a callback, that gets what the promise would.
   * @throws {S3PutError} by rejection, always; nothing is thrown at once
   */
  put(filePath: string, key: string, headers?: PutHeaders, options?: PutOptions): Promise<PutAnswer>;
  put(filePath: string, key: string, callback: PutCallback): void;
  put(filePath: string, key: string, headers: PutHeaders, callback: PutCallback): void;
  put(filePath: string, key: string, headers: PutHeaders, options: PutOptions, callback: PutCallback): void;
  put(filePath: string, key: string, ...rest: unknown[]): Promise<PutAnswer> | void {
    return inBothForms(rest, async (headers, options) => {
      const subject = { operation: 'PutObject', bucket: this.#settings.bucket, key, filePath };
      if (typeof filePath !== 'string' || filePath === '') {
        throw invalid(`Expected the file path to be a non-empty string, got ${typeof filePath}`, subject);
      }
      return await this.#put(subject, () => openFile(filePath, this.#pieceMemory), headers, options);
    });
  }

  /** Stores bytes that are in memory anyway. */
  putBuffer(bytes: Uint8Array, key: string, headers?: PutHeaders, options?: PutOptions): Promise<PutAnswer>;
  putBuffer(bytes: Uint8Array, key: string, callback: PutCallback): void;
  putBuffer(bytes: Uint8Array, key: string, headers: PutHeaders, callback: PutCallback): void;
  putBuffer(
    bytes: Uint8Array,
    key: string,
    headers: PutHeaders,
    options: PutOptions,
    callback: PutCallback,
  ): void;
  putBuffer(bytes: Uint8Array, key: string, ...rest: unknown[]): Promise<PutAnswer> | void {
    return inBothForms(rest, async (headers, options) => {
      const subject = { operation: 'PutObject', bucket: this.#settings.bucket, key };
      if (!(bytes instanceof Uint8Array))
        throw invalid('Expected the bytes to be a Buffer or Uint8Array', subject);
      return await this.#put(subject, async () => new BytesSource(bytes), headers, options);
    });
  }

  /**
   * Stores a stream of any length: whole when it ends within `partBytes`, else in parts. What was read of it is kept until S3 has
   * it, so every retry sends the right bytes; the stream itself is read once, and ended when the put fails.
   */
  putStream(stream: ByteStream, key: string, headers?: PutHeaders, options?: PutOptions): Promise<PutAnswer>;
  putStream(stream: ByteStream, key: string, callback: PutCallback): void;
  putStream(stream: ByteStream, key: string, headers: PutHeaders, callback: PutCallback): void;
  putStream(
    stream: ByteStream,
    key: string,
    headers: PutHeaders,
    options: PutOptions,
    callback: PutCallback,
  ): void;
  putStream(stream: ByteStream, key: string, ...rest: unknown[]): Promise<PutAnswer> | void {
    return inBothForms(rest, async (headers, options) => {
      const subject = { operation: 'PutObject', bucket: this.#settings.bucket, key };
      if (typeof stream?.[Symbol.asyncIterator] !== 'function')
        throw invalid(
          'Expected the stream to be a Readable, a ReadableStream or another async iterable',
          subject,
        );
      const reader = new ChunkReader(stream, this.#settings.idleTimeoutMs);
      try {
        return await this.#put(subject, async () => reader, headers, options);
      } finally {
        // Also one that was refused before it was looked at.
        reader.close();
      }
    });
  }

  /**
   * Stores many, a few at a time. One that fails stops none of the others: the summary, which it always resolves with, has the
   * failures. `items` is asked for the next one when there is room for it.
   * @throws {S3PutError} by rejection, EINVALID or ECLOSED; or what `items` or `onResult` threw, which begins nothing more
   */
  async putMany<Item extends PutItem>(
    items: Iterable<Item> | AsyncIterable<Item>,
    options: PutManyOptions<Item> = {},
  ): Promise<PutManySummary<Item>> {
    this.#assertOpen('PutMany');
    return await putMany(this, items, manySettingsOf(options, this.#settings));
  }

  /**
   * Stores all files below a directory, as `putMany` does, under `prefix`, a slash, and their paths in it.
   * @throws {S3PutError} by rejection, EINVALID or ECLOSED, or because the directory itself cannot be read; or what a callback but `onProgress` threw
   */
  async putDirectory(
    directory: string,
    prefix = '',
    options: PutDirectoryOptions = {},
  ): Promise<PutDirectorySummary> {
    this.#assertOpen('PutDirectory');
    return await putDirectory(this, directory, prefix, options, this.#settings);
  }

  /**
   * A URL with which somebody without credentials, such as a browser, stores one object under `key`. The headers and the size
   * that are given here are signed: S3 refuses a request with others.
   * @throws {S3PutError} by rejection
   */
  async presignPut(
    key: string,
    headers: PutHeaders = {},
    options: PresignOptions = {},
  ): Promise<PresignedPut> {
    const subject = { operation: 'PresignPutObject', bucket: this.#settings.bucket, key };
    try {
      if (this.#isClosed) throw closed('it is closed');
      assertKey(key);
      const promised = headersToSend(headers, key);
      return await presignPut(key, promised, presignSettingsOf(options), this.#settings);
    } catch (error) {
      throw errorOf(error, subject, []);
    }
  }

  /** Takes no more puts, waits for those under way, and ends the connections. A client that was given stays open. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#underWay.values());
    this.destroy();
  }

  /** Ends everything at once: puts under way fail with ECLOSED. */
  destroy(): void {
    this.#isClosed = true;
    for (const deadline of this.#underWay.keys()) deadline.end(closed('it was destroyed'));
    this.#transport.destroy();
    // A put in parts still takes them out of the bucket.
    void Promise.allSettled(this.#underWay.values()).then(() => this.#transport.destroy());
    if (this.#settings.ownsClient) this.#settings.client.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #assertOpen(operation: string): void {
    if (this.#isClosed)
      throw errorOf(closed('it is closed'), { operation, bucket: this.#settings.bucket }, []);
  }

  async #put(
    subject: ObjectSubject,
    open: Open,
    headers: PutHeaders,
    options: PutOptions,
  ): Promise<PutAnswer> {
    const history: FailedAttempt[] = [];
    try {
      if (this.#isClosed) throw closed('it is closed');
      assertKey(subject.key);
      const toSend = headersToSend(headers, subject.key, subject.filePath);
      const { signal, totalTimeoutMs, onProgress } = putSettingsOf(options, this.#settings);
      const deadline = new Deadline(signal);
      if (totalTimeoutMs !== undefined) deadline.limit(totalTimeoutMs);
      const progress = new Progress(onProgress);
      const context: Context = {
        settings: this.#settings,
        ...this.#shared,
        signal: deadline.signal,
        history,
        onSent: progress.sent,
        onAcknowledged: progress.acknowledged,
      };
      const onSize = (size: number): void => {
        progress.totalBytes = size;
        if (totalTimeoutMs === undefined) deadline.limit(totalTimeoutFor(size));
      };
      const work = this.#send(subject.key, toSend, open, onSize, context);
      this.#underWay.set(deadline, work);
      try {
        return answerOf(await work, progress, history);
      } finally {
        this.#underWay.delete(deadline);
        deadline.release();
      }
    } catch (error) {
      throw errorOf(error, subject, history);
    }
  }

  async #send(
    key: string,
    headers: Record<string, string>,
    open: Open,
    onSize: (size: number) => void,
    context: Context,
  ): Promise<Stored> {
    context.signal.throwIfAborted();
    const source = await open(context);
    let isStored = false;
    try {
      if (source instanceof ChunkReader) return await putStream(key, headers, source, context);
      onSize(source.size);
      const stored = goesInParts(source, headers, this.#settings)
        ? await putFileInParts(key, headers, source, context)
        : await putWhole(key, headers, source, context);
      isStored = true;
      return stored;
    } finally {
      await source.close(isStored);
    }
  }
}

/** Gives what is to be sent, or a stream of it. */
type Open = (context: Context) => Promise<Source | ChunkReader>;

function answerOf(
  { answer, etag, checksum, verified }: Stored,
  { bytes, resumedBytes }: Progress,
  history: readonly FailedAttempt[],
): PutAnswer {
  return {
    statusCode: answer.statusCode,
    headers: answer.headers,
    etag: etag.replaceAll('"', ''),
    versionId: answer.headers['x-amz-version-id'],
    checksum,
    bytes,
    resumedBytes,
    attempts: history.length + 1,
    verified,
  };
}

function goesInParts(
  source: Source,
  headers: Record<string, string>,
  settings: Settings,
): source is LargeFile {
  return source instanceof LargeFile && source.size >= settings.multipartFromBytes && !isForcedWhole(headers);
}

type ObjectSubject = PutSubject & { key: string };

/** As many files at a time as have connections by default. */
const MOST_KEPT_PIECES = 50;

const closed = (what: string): Failure =>
  new Failure(`no put through this S3Put: ${what}`, { source: 'caller', code: 'ECLOSED' });
