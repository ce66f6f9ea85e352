import type { Readable } from 'node:stream';
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  S3Client,
} from '@aws-sdk/client-s3';
import { S3Put } from '@silly-face/s3-put';
import type { S3Config } from '../config.ts';
import { PhotoError } from './errors.ts';
import { photoPrefix } from './photo-key.ts';
import { withoutSilence } from './silence.ts';

/** How long S3 may say nothing. */
const SILENCE_MS = 3500;

/**
 * The photos in S3. All times are such that an S3 which hangs is given up, after a second attempt, while the client of the
 * request, who gives up after ten seconds, still waits. Every failure is a PhotoError: `storage-unavailable`, or `photo-missing`
 * for a key without an object.
 */
export class PhotoStorage {
  readonly #client: S3Client;
  /** Photos come as fast as their readers take them: a connection of this one may be idle. */
  readonly #reader: S3Client;
  readonly #uploads: S3Put;
  readonly #bucket: string;

  constructor({ endpoint, region, bucket, accessKeyId, secretAccessKey }: S3Config) {
    this.#bucket = bucket;
    const options = {
      region,
      credentials: { accessKeyId, secretAccessKey },
      ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
      maxAttempts: 2,
    };
    // `requestTimeout` ends with the head of the answer, `socketTimeout` with its body.
    const limits = { connectionTimeout: 2000, requestTimeout: SILENCE_MS, throwOnRequestTimeout: true };
    this.#client = new S3Client({ ...options, requestHandler: { ...limits, socketTimeout: SILENCE_MS } });
    this.#reader = new S3Client({ ...options, requestHandler: limits });
    this.#uploads = new S3Put({
      client: this.#client,
      bucket,
      connectTimeoutMs: 2000,
      idleTimeoutMs: SILENCE_MS,
      totalTimeoutMs: 7000,
    });
  }

  async put(filePath: string, key: string): Promise<void> {
    await this.#uploads.put(filePath, key).catch((cause: unknown) => {
      throw unavailable(`Storing ${key}`, cause);
    });
  }

  /** An S3 that falls silent in the middle of the photo fails the stream. */
  async read(key: string, signal: AbortSignal): Promise<Readable> {
    try {
      const { Body } = await this.#reader.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key }), {
        abortSignal: signal,
      });
      return withoutSilence(Body as Readable, SILENCE_MS); // In Node it is one.
    } catch (cause) {
      if (cause instanceof NoSuchKey)
        throw new PhotoError('photo-missing', `${key} is not in the bucket`, { cause });
      throw unavailable(`Reading ${key}`, cause);
    }
  }

  async remove(keys: string[], signal?: AbortSignal): Promise<void> {
    const { Errors = [] } = await this.#client
      .send(
        new DeleteObjectsCommand({ Bucket: this.#bucket, Delete: { Objects: keys.map((Key) => ({ Key })) } }),
        { abortSignal: signal },
      )
      .catch((cause: unknown) => {
        throw unavailable(`Deleting ${keys.join(', ')}`, cause);
      });
    const [first] = Errors;
    if (first) throw unavailable(`Deleting ${first.Key}`, new Error(`${first.Code}: ${first.Message}`));
  }

  /** The keys of the installation's photos that are older than this, page by page. */
  async *keysOlderThan(
    installationId: string,
    ageMs: number,
    signal?: AbortSignal,
  ): AsyncGenerator<string[]> {
    const prefix = photoPrefix(installationId);
    let token: string | undefined;
    do {
      const page = await this.#client
        .send(new ListObjectsV2Command({ Bucket: this.#bucket, Prefix: prefix, ContinuationToken: token }), {
          abortSignal: signal,
        })
        .catch((cause: unknown) => {
          throw unavailable('Listing the photos', cause);
        });
      const newest = Date.now() - ageMs;
      yield (page.Contents ?? []).flatMap(({ Key, LastModified }) =>
        Key !== undefined && LastModified !== undefined && LastModified.getTime() < newest ? [Key] : [],
      );
      token = page.NextContinuationToken;
    } while (token !== undefined);
  }

  async close(): Promise<void> {
    await this.#uploads.close();
    this.#client.destroy();
    this.#reader.destroy();
  }
}

function unavailable(operation: string, cause: unknown): PhotoError {
  return new PhotoError('storage-unavailable', `${operation} failed: ${describe(cause)}`, { cause });
}

function describe(cause: unknown): string {
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}
