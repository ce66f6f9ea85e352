import { createReadStream, createWriteStream } from 'node:fs';
import { access, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** When a file is full, and what becomes of the old ones. */
export interface Rotation {
  readonly maxBytes?: number | undefined;
  readonly maxAgeMs?: number | undefined;
  readonly keep: number;
  readonly compress: boolean;
}

/** `api.log` becomes `api.log.2030-01-31T23-59-59.999Z`: names that sort by time, and that nobody has to shift. */
export async function moveAway(path: string): Promise<void> {
  for (let time = Date.now(); ; time += 1) {
    const old = `${path}.${new Date(time).toISOString().replaceAll(':', '-')}`;
    if ((await exists(old)) || (await exists(old + COMPRESSED))) continue;
    return rename(path, old);
  }
}

/** Compresses the old files that are not, and removes those that are too many. */
export async function tidy(path: string, { keep, compress }: Rotation): Promise<void> {
  const folder = dirname(path);
  const files = await oldFiles(path);
  const stamps = [...new Set(files.map((file) => file.stamp))].toSorted();
  const tooOld = new Set(stamps.slice(0, Math.max(0, stamps.length - keep)));
  for (const { name, stamp, ending } of files) {
    const file = join(folder, name);
    // A half is left behind when we were killed at it; its whole still exists.
    if (tooOld.has(stamp) || ending === UNFINISHED) await rm(file, { force: true });
    else if (compress && ending === '') await pack(file);
  }
}

async function pack(file: string): Promise<void> {
  // Few have it switched on: they are loaded for them alone.
  const [{ createGzip }, { pipeline }] = await Promise.all([
    import('node:zlib'),
    import('node:stream/promises'),
  ]);
  await pipeline(createReadStream(file), createGzip(), createWriteStream(file + UNFINISHED));
  await rename(file + UNFINISHED, file + COMPRESSED);
  await rm(file);
}

interface OldFile {
  readonly name: string;
  readonly stamp: string;
  readonly ending: string;
}

/** Those of exactly this file: `api.log` has none of the files of `api.log.old`, or of `my-api.log`. */
async function oldFiles(path: string): Promise<OldFile[]> {
  const base = `${basename(path)}.`;
  return (await readdir(dirname(path))).flatMap((name) => {
    if (!name.startsWith(base)) return [];
    const match = /^(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z)(|\.gz|\.gz\.part)$/.exec(
      name.slice(base.length),
    );
    return match ? [{ name, stamp: match[1] ?? '', ending: match[2] ?? '' }] : [];
  });
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

const COMPRESSED = '.gz';
const UNFINISHED = '.gz.part';
