import { checksumAmong } from './checksum/headers.ts';
import type { Context } from './client/attempt.ts';
import { Failure } from './failure.ts';
import { FileFeed, partBytesFor } from './multipart/file-feed.ts';
import { Journal } from './multipart/journal.ts';
import { putInParts } from './multipart/put-in-parts.ts';
import { readStreamPart, StreamFeed } from './multipart/stream-feed.ts';
import { putObject } from './put-object.ts';
import type { Stored } from './put-object.ts';
import type { ChunkReader } from './source/chunk-reader.ts';
import type { LargeFile } from './source/file.ts';
import type { Source } from './source/source.ts';

type Headers = Record<string, string>;

export async function putWhole(
  key: string,
  headers: Headers,
  source: Source,
  context: Context,
): Promise<Stored> {
  const stored = await putObject(key, headers, source, context);
  context.onAcknowledged(source.size, false);
  return stored;
}

export async function putFileInParts(
  key: string,
  headers: Headers,
  file: LargeFile,
  context: Context,
): Promise<Stored> {
  const { bucket, journalDirectory, checksumAlgorithm: algorithm } = context.settings;
  const journal =
    journalDirectory && new Journal(journalDirectory, { bucket, key, headers, algorithm, file });
  const feed = (partBytes = partBytesFor(file, context.settings)): FileFeed => new FileFeed(file, partBytes);
  if (!journal) return await putInParts({ key, headers, feed }, context);
  return await journal.alone(context.signal, () => putInParts({ key, headers, feed, journal }, context));
}

/** A stream that ends within the first part needs no parts. */
export async function putStream(
  key: string,
  headers: Headers,
  reader: ChunkReader,
  context: Context,
): Promise<Stored> {
  const { partMemory, signal, settings } = context;
  const first = await readStreamPart(reader, partMemory, signal);
  if (first.size < settings.partBytes) {
    const stored = await putWhole(key, headers, first, context);
    await first.close(true);
    return stored;
  }
  if (isForcedWhole(headers)) throw tooLongToGoWhole(first.size);
  return await putInParts({ key, headers, feed: () => new StreamFeed(reader, first, partMemory) }, context);
}

const tooLongToGoWhole = (partBytes: number): Failure =>
  new Failure(
    `the stream has ${partBytes} bytes or more and goes in parts, for which S3 takes no checksum of the whole beforehand: use \`checksumAlgorithm\` or \`contentMD5\``,
    { source: 'caller', code: 'ESTREAM' },
  );

/** A checksum of the caller's is that of the whole, and S3 takes none of a whole for parts. */
export const isForcedWhole = (headers: Headers): boolean =>
  checksumAmong(headers) !== undefined || headers['content-md5'] !== undefined;
