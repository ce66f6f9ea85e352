import { createHash } from 'node:crypto';
import { link, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { S3Error } from '../s3-error.ts';
import { hasCode, syncDirectory } from './durable.ts';
import { KeyedLock } from './keyed-lock.ts';
import { ObjectIndex } from './object-index.ts';
import { bytesOf, openObject, readObjectRecord } from './object-file.ts';
import type { ObjectRecord, ObjectWriter, OpenObject } from './object-file.ts';
import type { TemporaryFolder } from './temporary-folder.ts';
import { Uploads } from './uploads.ts';
import { verifyWriteConditions } from './write-conditions.ts';
import type { WriteConditions } from './write-conditions.ts';

/**
 * The objects of one bucket. An object's file is named by the SHA-256 of its key, below one of 256 folders: no key,
 * however odd, has a say in where it is stored.
 */
export class Bucket {
  readonly name: string;
  readonly path: string;
  readonly uploads: Uploads;
  readonly #objects: string;
  readonly #index: ObjectIndex;
  readonly #locks = new KeyedLock();

  constructor(name: string, path: string, temporary: TemporaryFolder) {
    this.name = name;
    this.path = path;
    this.uploads = new Uploads(join(path, 'uploads'), temporary);
    this.#objects = join(path, 'objects');
    this.#index = new ObjectIndex(this.#objects);
  }

  /** The caller closes the handle. */
  async open(key: string): Promise<OpenObject> {
    const object = await openObject(this.#file(key));
    if (!object) throw new S3Error('NoSuchKey', { details: { Key: key } });
    return object;
  }

  async record(key: string): Promise<ObjectRecord | undefined> {
    return readObjectRecord(this.#file(key));
  }

  /** All objects, in the order of their keys' bytes. */
  async records(): Promise<readonly ObjectRecord[]> {
    return this.#index.records();
  }

  /** Gives a finished file its place, if the conditions hold at that very moment. */
  async publish(record: ObjectRecord, writer: ObjectWriter, conditions: WriteConditions): Promise<void> {
    const file = this.#file(record.key);
    await writer.finish(record);
    await this.#locks.run(file, async () => {
      verifyWriteConditions(conditions, await readObjectRecord(file));
      await this.#inFolder(dirname(file), async () => {
        // A link never replaces a file, not even one that another process has published in this moment.
        if (conditions.ifNoneMatch === undefined) await rename(writer.path, file);
        else await link(writer.path, file);
      });
      await syncDirectory(dirname(file));
    });
  }

  /** Gives an object another record. Its bytes are written anew, because one file holds both. */
  async revise(
    key: string,
    writer: ObjectWriter,
    change: (record: ObjectRecord) => ObjectRecord,
  ): Promise<void> {
    const file = this.#file(key);
    await this.#locks.run(file, async () => {
      const { record, handle } = await this.open(key);
      try {
        for await (const piece of bytesOf(handle, record.bytes)) await writer.write(piece);
      } finally {
        await handle.close();
      }
      await writer.finish(change(record));
      await rename(writer.path, file);
      await syncDirectory(dirname(file));
    });
  }

  /** Deletes an object; one that is not there is deleted already. */
  async delete(key: string, conditions: WriteConditions): Promise<void> {
    const file = this.#file(key);
    await this.#locks.run(file, async () => {
      if (conditions.ifMatch !== undefined) verifyWriteConditions(conditions, await readObjectRecord(file));
      try {
        await rm(file);
      } catch (error) {
        if (hasCode(error, 'ENOENT')) return;
        throw error;
      }
      await syncDirectory(dirname(file));
    });
  }

  /** The 256 folders are made when they are needed; deleting the bucket takes them away, and is noticed here. */
  async #inFolder(folder: string, place: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        await place();
        return;
      } catch (error) {
        if (hasCode(error, 'EEXIST')) {
          throw new S3Error('PreconditionFailed', { details: { Condition: 'If-None-Match' }, cause: error });
        }
        if (!hasCode(error, 'ENOENT')) throw error;
      }
      try {
        await mkdir(folder);
        await syncDirectory(this.#objects);
      } catch (error) {
        if (hasCode(error, 'ENOENT')) {
          throw new S3Error('NoSuchBucket', { details: { BucketName: this.name }, cause: error });
        }
        if (!hasCode(error, 'EEXIST')) throw error;
      }
    }
  }

  #file(key: string): string {
    const name = createHash('sha256').update(key).digest('hex');
    return join(this.#objects, name.slice(0, 2), name);
  }
}
