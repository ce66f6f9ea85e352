import { randomBytes } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChecksumAlgorithm } from '../checksum/algorithm.ts';
import { S3Error } from '../s3-error.ts';
import { hasCode, syncDirectory } from './durable.ts';
import { KeyedLock } from './keyed-lock.ts';
import { readObjectRecord } from './object-file.ts';
import type { ObjectRecord, ObjectTraits, ObjectWriter, StoredChecksum } from './object-file.ts';
import type { TemporaryFolder } from './temporary-folder.ts';

/** What was said when a multipart upload began. */
export interface UploadRecord extends ObjectTraits {
  readonly id: string;
  readonly key: string;
  readonly initiatedMs: number;
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly type: StoredChecksum['type'] };
}

export interface UploadedPart {
  readonly number: number;
  readonly record: ObjectRecord;
  readonly path: string;
}

/**
 * The unfinished multipart uploads of one bucket: a folder each, with `upload.json` and one file a part, named by its
 * number. Folders come and go by one rename, so an upload is there as a whole or not at all.
 */
export class Uploads {
  readonly #path: string;
  readonly #temporary: TemporaryFolder;
  readonly #locks = new KeyedLock();

  constructor(path: string, temporary: TemporaryFolder) {
    this.#path = path;
    this.#temporary = temporary;
  }

  async begin(upload: Omit<UploadRecord, 'id'>): Promise<UploadRecord> {
    const record = { ...upload, id: randomBytes(24).toString('hex') };
    const draft = this.#temporary.next();
    await mkdir(draft);
    try {
      await writeFile(join(draft, 'upload.json'), JSON.stringify(record), { flush: true });
      await syncDirectory(draft);
      await rename(draft, join(this.#path, record.id));
    } catch (error) {
      await rm(draft, { recursive: true, force: true });
      // The bucket has just been deleted.
      if (hasCode(error, 'ENOENT')) throw new S3Error('NoSuchBucket', { cause: error });
      throw error;
    }
    await syncDirectory(this.#path);
    return record;
  }

  /** The upload of that id, which has to be one of that key. */
  async get(id: string, key: string): Promise<UploadRecord> {
    const record = await this.#read(id);
    if (record?.key !== key) throw new S3Error('NoSuchUpload', { details: { UploadId: id } });
    return record;
  }

  /** In the order of keys, and of age where they share a key. */
  async list(): Promise<UploadRecord[]> {
    const ids = await readdir(this.#path).catch(emptyWhenGone);
    const records = await Promise.all(ids.map((id) => this.#read(id)));
    return records
      .filter((record) => record !== undefined)
      .toSorted((a, b) => Buffer.from(a.key).compare(Buffer.from(b.key)) || a.initiatedMs - b.initiatedMs);
  }

  /** Gives a finished part its place; a part of the same number is replaced. */
  async publishPart(id: string, number: number, record: ObjectRecord, writer: ObjectWriter): Promise<void> {
    await writer.finish(record);
    await rename(writer.path, join(this.#path, id, String(number))).catch(refuseWhenGone(id));
    await syncDirectory(join(this.#path, id));
  }

  async parts(id: string): Promise<UploadedPart[]> {
    const all = await readdir(join(this.#path, id)).catch(refuseWhenGone(id));
    const names = all.filter((name) => /^\d+$/.test(name));
    const parts: UploadedPart[] = [];
    for (const number of names.map(Number).toSorted((a, b) => a - b)) {
      const path = join(this.#path, id, String(number));
      const record = await readObjectRecord(path);
      if (record) parts.push({ number, record, path });
    }
    return parts;
  }

  async remove(id: string): Promise<void> {
    const remains = this.#temporary.next();
    await rename(join(this.#path, id), remains).catch(refuseWhenGone(id));
    await syncDirectory(this.#path);
    await rm(remains, { recursive: true, force: true });
  }

  /** One after the other: of two attempts to end an upload, the second finds it ended. */
  async ending<Result>(id: string, task: () => Promise<Result>): Promise<Result> {
    return this.#locks.run(id, task);
  }

  async #read(id: string): Promise<UploadRecord | undefined> {
    if (!/^[\da-f]{48}$/.test(id)) return undefined;
    try {
      return JSON.parse(await readFile(join(this.#path, id, 'upload.json'), 'utf8')) as UploadRecord;
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return undefined;
      throw error;
    }
  }
}

function emptyWhenGone(error: unknown): [] {
  if (hasCode(error, 'ENOENT')) return [];
  throw error;
}

/** Somebody else, perhaps another server over the same directory, has just ended the upload. */
function refuseWhenGone(id: string): (error: unknown) => never {
  return (cause) => {
    if (hasCode(cause, 'ENOENT')) throw new S3Error('NoSuchUpload', { details: { UploadId: id }, cause });
    throw cause;
  };
}
