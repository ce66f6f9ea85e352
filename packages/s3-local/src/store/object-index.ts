import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from './durable.ts';
import { readObjectRecord } from './object-file.ts';
import type { ObjectRecord } from './object-file.ts';

interface Shard {
  readonly modifiedNs: bigint;
  readonly records: readonly ObjectRecord[];
}

/** File systems tell times apart by two seconds at worst: a folder changed within them may have changed again since. */
const settledNs = 2_000_000_000n;

const atOnce = 16;

/**
 * Knows all records of a bucket. A folder is read anew when its time of modification says that names in it changed, so
 * that nothing has to be read at the start and another process over the same directory is seen.
 *
 * A listing costs one stat a folder, and one open and read an object in folders that changed.
 */
export class ObjectIndex {
  readonly #path: string;
  readonly #shards = new Map<string, Shard>();

  constructor(path: string) {
    this.#path = path;
  }

  async records(): Promise<readonly ObjectRecord[]> {
    const names = await readdir(this.#path).catch((error: unknown) => {
      // The bucket is being deleted.
      if (hasCode(error, 'ENOENT')) return [];
      throw error;
    });
    const shards = await inBatches(names, (name) => this.#shard(name));
    return shards
      .flat()
      .map((record) => ({ record, bytes: Buffer.from(record.key) }))
      .toSorted((a, b) => a.bytes.compare(b.bytes))
      .map(({ record }) => record);
  }

  async #shard(name: string): Promise<readonly ObjectRecord[]> {
    const path = join(this.#path, name);
    const readAtNs = BigInt(Date.now()) * 1_000_000n;
    try {
      const { mtimeNs } = await stat(path, { bigint: true });
      const known = this.#shards.get(name);
      if (known?.modifiedNs === mtimeNs) return known.records;
      const records = await inBatches(await readdir(path), (file) => readObjectRecord(join(path, file)));
      const shard = { modifiedNs: mtimeNs, records: records.filter((record) => record !== undefined) };
      if (readAtNs - mtimeNs > settledNs) this.#shards.set(name, shard);
      return shard.records;
    } catch (error) {
      // The bucket is being deleted.
      if (hasCode(error, 'ENOENT')) return [];
      throw error;
    }
  }
}

async function inBatches<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let start = 0; start < items.length; start += atOnce) {
    results.push(...(await Promise.all(items.slice(start, start + atOnce).map(work))));
  }
  return results;
}
