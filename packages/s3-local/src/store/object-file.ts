import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { Checksum } from '../body/promised-digests.ts';
import { hasCode } from './durable.ts';

/** Everything known about an object, or about a part of an unfinished upload, besides its bytes. */
export interface ObjectRecord extends ObjectTraits {
  readonly key: string;
  readonly bytes: number;
  /** Without quotes. */
  readonly etag: string;
  readonly lastModifiedMs: number;
  readonly checksum?: StoredChecksum;
  /** Of an object that came in parts. */
  readonly parts?: readonly StoredPart[];
}

/** What was said about an object when its upload began. */
export interface ObjectTraits {
  /** What is returned as it came: `content-type`, `cache-control`, `x-amz-meta-…`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tags?: readonly Tag[];
  readonly encryption?: Encryption;
  /** The name of a canned ACL; private where it is missing. */
  readonly acl?: string;
}

export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** How an object was asked to be encrypted. */
export interface Encryption {
  readonly method: string;
  readonly keyId?: string;
  readonly bucketKey?: true;
  /** In base64, of a key that only the client has. */
  readonly customerKeyMd5?: string;
}

export interface StoredPart {
  readonly number: number;
  readonly bytes: number;
  /** In base64. */
  readonly checksum?: string;
}

export interface StoredChecksum extends Checksum {
  /** Over the whole object, or over the checksums of its parts. */
  readonly type: 'FULL_OBJECT' | 'COMPOSITE';
}

/** An object held open: its bytes stay readable while it is replaced or deleted. */
export interface OpenObject {
  readonly record: ObjectRecord;
  readonly handle: FileHandle;
}

// A file is the object's bytes, its record as JSON, and a footer: "S3LOCAL1", the JSON's size and the JSON's CRC32.
// So one rename publishes bytes and record together, and the bytes start at 0.
const magic = 'S3LOCAL1';
const footerBytes = magic.length + 8;
const tailBytes = 4096;

/** A file in the making, under a temporary name. */
export class ObjectWriter {
  readonly path: string;
  readonly #handle: FileHandle;
  #closed = false;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  static async create(path: string): Promise<ObjectWriter> {
    return new ObjectWriter(path, await open(path, 'wx', 0o600));
  }

  async write(piece: Buffer): Promise<void> {
    await this.#handle.appendFile(piece);
  }

  /** Completes the file on disk; it can be renamed after that. */
  async finish(record: ObjectRecord): Promise<void> {
    const json = Buffer.from(JSON.stringify(record));
    const footer = Buffer.alloc(footerBytes);
    footer.write(magic, 'latin1');
    footer.writeUInt32BE(json.length, magic.length);
    footer.writeUInt32BE(crc32(json), magic.length + 4);
    await this.#handle.appendFile(Buffer.concat([json, footer]));
    await this.#handle.sync();
    await this.close();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#handle.close();
  }
}

/** Opens a file and reads its record; `undefined` where there is none. The caller closes the handle. */
export async function openObject(path: string): Promise<OpenObject | undefined> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (!handle) return undefined;
  try {
    return { record: await readRecord(handle, path), handle };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

export async function readObjectRecord(path: string): Promise<ObjectRecord | undefined> {
  const object = await openObject(path);
  await object?.handle.close();
  return object?.record;
}

/** The bytes of an open object from `start` up to and without `end`; its handle stays open. */
export async function* bytesOf(handle: FileHandle, end: number, start = 0): AsyncGenerator<Buffer, void> {
  if (start === end) return;
  const options = { start, end: end - 1, autoClose: false, highWaterMark: 256 * 1024 };
  for await (const piece of handle.createReadStream(options)) yield piece as Buffer;
}

async function readRecord(handle: FileHandle, path: string): Promise<ObjectRecord> {
  const { size } = await handle.stat();
  let tail = await readTail(handle, size, tailBytes);
  const footer = tail.subarray(-footerBytes);
  if (footer.length < footerBytes || footer.toString('latin1', 0, magic.length) !== magic)
    throw damaged(path);
  const needed = footer.readUInt32BE(magic.length) + footerBytes;
  if (needed > size) throw damaged(path);
  if (needed > tail.length) tail = await readTail(handle, size, needed);
  const json = tail.subarray(tail.length - needed, tail.length - footerBytes);
  if (crc32(json) !== footer.readUInt32BE(magic.length + 4)) throw damaged(path);
  const record = JSON.parse(json.toString('utf8')) as ObjectRecord;
  if (record.bytes !== size - needed) throw damaged(path);
  return record;
}

async function readTail(handle: FileHandle, size: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(Math.min(size, bytes));
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, size - buffer.length);
  return buffer.subarray(0, bytesRead);
}

function damaged(path: string): Error {
  return new Error(`The object file ${path} is damaged: it does not end in a valid record`);
}
