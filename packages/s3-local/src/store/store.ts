import { randomBytes } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { S3LocalError } from '../errors.ts';
import { S3Error } from '../s3-error.ts';
import { Bucket } from './bucket.ts';
import { isBucketName } from './bucket-name.ts';
import { hasCode, makeDirectory, syncDirectory } from './durable.ts';
import { ObjectWriter } from './object-file.ts';
import { TemporaryFolder } from './temporary-folder.ts';

export interface BucketSummary {
  readonly name: string;
  readonly createdMs: number;
}

const layout = { layout: 's3-local', version: 1 };

/**
 * The folder on disk:
 *
 *     s3-local.json                          says that this folder is ours, and in which layout
 *     buckets/<name>/bucket.json             its time of creation
 *     buckets/<name>/objects/<2 hex>/<hash>  one file an object
 *     buckets/<name>/uploads/<id>/           an unfinished multipart upload
 *     temporary/<pid>-<token>/               what is being written
 */
export class Store {
  readonly #root: string;
  readonly #temporary: TemporaryFolder;
  readonly #buckets = new Map<string, Bucket>();

  private constructor(root: string, temporary: TemporaryFolder) {
    this.#root = root;
    this.#temporary = temporary;
  }

  static async open(root: string): Promise<Store> {
    try {
      await makeDirectory(root);
      await claim(root);
      await makeDirectory(join(root, 'buckets'));
      return new Store(root, await TemporaryFolder.open(join(root, 'temporary')));
    } catch (cause) {
      if (cause instanceof S3LocalError) throw cause;
      throw new S3LocalError('EDIRECTORY', `Cannot use the directory ${root}: ${String(cause)}`, { cause });
    }
  }

  async close(): Promise<void> {
    await this.#temporary.close();
  }

  async bucket(name: string): Promise<Bucket> {
    if (!isBucketName(name)) throw new S3Error('InvalidBucketName', { details: { BucketName: name } });
    const path = this.#path(name);
    if (!(await exists(join(path, 'objects')))) {
      this.#buckets.delete(name);
      throw new S3Error('NoSuchBucket', { details: { BucketName: name } });
    }
    const known = this.#buckets.get(name) ?? new Bucket(name, path, this.#temporary);
    this.#buckets.set(name, known);
    return known;
  }

  async buckets(): Promise<BucketSummary[]> {
    const names = (await readdir(join(this.#root, 'buckets'))).filter(isBucketName).toSorted();
    const summaries = await Promise.all(names.map((name) => this.#summary(name)));
    return summaries.filter((summary) => summary !== undefined);
  }

  /** Whether it was made just now: `false` where it existed already. */
  async createBucket(name: string): Promise<boolean> {
    if (!isBucketName(name)) throw new S3Error('InvalidBucketName', { details: { BucketName: name } });
    const draft = this.#temporary.next();
    await mkdir(join(draft, 'objects'), { recursive: true });
    await mkdir(join(draft, 'uploads'));
    await writeFile(join(draft, 'bucket.json'), JSON.stringify({ createdMs: Date.now() }), { flush: true });
    await syncDirectory(draft);
    try {
      return await this.#place(draft, name);
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }

  async deleteBucket(name: string): Promise<void> {
    const { path } = await this.bucket(name);
    const objects = join(path, 'objects');
    try {
      // The file system itself refuses to remove what is not empty: no object can slip in between a look and the deed.
      for (const shard of await readdir(objects)) await rmdir(join(objects, shard));
      await rmdir(objects);
    } catch (error) {
      if (hasCode(error, 'ENOTEMPTY', 'EEXIST')) {
        throw new S3Error('BucketNotEmpty', { details: { BucketName: name }, cause: error });
      }
      if (!hasCode(error, 'ENOENT')) throw error;
    }
    this.#buckets.delete(name);
    await this.#discard(path);
  }

  /** A file to write an object to, removed in the end wherever `write` has not given it another place. */
  async writing<Result>(write: (writer: ObjectWriter) => Promise<Result>): Promise<Result> {
    const writer = await ObjectWriter.create(this.#temporary.next());
    try {
      return await write(writer);
    } finally {
      await writer.close();
      await rm(writer.path, { force: true });
    }
  }

  async #place(draft: string, name: string): Promise<boolean> {
    const path = this.#path(name);
    for (let attempt = 1; ; attempt++) {
      try {
        await rename(draft, path);
        await syncDirectory(join(this.#root, 'buckets'));
        return true;
      } catch (error) {
        // Windows says EPERM.
        if (attempt === 3 || !hasCode(error, 'ENOTEMPTY', 'EEXIST', 'EPERM')) throw error;
        if (await exists(join(path, 'objects'))) return false;
        // What a deletion that was cut short has left.
        await this.#discard(path);
      }
    }
  }

  async #discard(path: string): Promise<void> {
    const remains = this.#temporary.next();
    try {
      await rename(path, remains);
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return;
      throw error;
    }
    await syncDirectory(join(this.#root, 'buckets'));
    await rm(remains, { recursive: true, force: true });
  }

  async #summary(name: string): Promise<BucketSummary | undefined> {
    const path = this.#path(name);
    if (!(await exists(join(path, 'objects')))) return undefined;
    const { createdMs } = JSON.parse(await readFile(join(path, 'bucket.json'), 'utf8')) as {
      createdMs: number;
    };
    return { name, createdMs };
  }

  #path(name: string): string {
    return join(this.#root, 'buckets', name);
  }
}

/** Takes a folder that is empty or ours; anybody else's stays untouched. */
async function claim(root: string): Promise<void> {
  const file = join(root, 's3-local.json');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
    const names = await readdir(root);
    // Another server may be starting at this moment.
    const foreign = names.find((name) => !name.startsWith('s3-local.json'));
    if (foreign !== undefined && !names.includes('s3-local.json')) {
      throw new S3LocalError(
        'EDIRECTORY',
        `The directory ${root} holds other files (${foreign}): give s3-local its own`,
      );
    }
    const draft = `${file}.${randomBytes(4).toString('hex')}`;
    await writeFile(draft, JSON.stringify(layout), { flush: true });
    await rename(draft, file);
    await syncDirectory(root);
    return;
  }
  if (text !== JSON.stringify(layout)) {
    throw new S3LocalError('EDIRECTORY', `${file} is not of the layout that this version of s3-local keeps`);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return false;
    throw error;
  }
}
