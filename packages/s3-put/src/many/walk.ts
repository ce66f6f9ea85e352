import type { Dirent, Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Something in a directory that has no content to store: it is left out, and counts as no failure. */
export type SkipReason =
  | 'fifo'
  | 'socket'
  | 'device'
  /** A symbolic link to a directory that it lies in. */
  | 'loop';

export interface Place {
  filePath: string;
  /** From the directory where the walk began, with `/` on every system; empty for that directory itself. */
  path: string;
}

export type Found =
  | ({ kind: 'file' } & Place)
  | ({ kind: 'skipped'; reason: SkipReason } & Place)
  /** A directory that could not be read. */
  | ({ kind: 'unreadable'; cause: NodeJS.ErrnoException } & Place);

/**
 * All files below a directory, hidden ones included, each directory in the order of its names. Symbolic links are followed.
 * Of names, only those of the directories on the way to the current one are in memory.
 */
export async function* walk(
  filePath: string,
  mayEnter: (place: Place) => boolean = () => true,
): AsyncGenerator<Found, void, void> {
  yield* walkInto({ filePath, path: '' }, mayEnter, { above: [], isLink: false });
}

async function* walkInto(
  place: Place,
  mayEnter: (place: Place) => boolean,
  { above, isLink }: { above: readonly string[]; isLink: boolean },
): AsyncGenerator<Found, void, void> {
  const { identity, entries = [], cause } = await open(place.filePath);
  // Only a link leads back. Where a file system has no such numbers, everything else would look like it.
  if (isLink && above.includes(identity)) {
    yield { kind: 'skipped', reason: 'loop', ...place };
    return;
  }
  if (cause !== undefined) yield { kind: 'unreadable', cause, ...place };
  const below = (entry: Dirent) => ({ above: [...above, identity], isLink: kindIn(entry) === undefined });
  for (const entry of entries) {
    const path = place.path === '' ? entry.name : `${place.path}/${entry.name}`;
    const found = { filePath: join(place.filePath, entry.name), path };
    const kind = await kindOf(entry, found.filePath);
    if (kind === 'file') yield { kind, ...found };
    else if (kind !== 'directory') yield { kind: 'skipped', reason: kind, ...found };
    else if (mayEnter(found)) yield* walkInto(found, mayEnter, below(entry));
  }
}

interface Directory {
  /** The same by whatever path it is reached. */
  identity: string;
  entries?: Dirent[];
  cause?: NodeJS.ErrnoException;
}

async function open(path: string): Promise<Directory> {
  let identity = '';
  try {
    const { dev, ino } = await stat(path, { bigint: true });
    identity = `${dev}:${ino}`;
    const entries = await readdir(path, { withFileTypes: true });
    return { identity, entries: entries.toSorted((one, other) => (one.name < other.name ? -1 : 1)) };
  } catch (cause) {
    return { identity, cause: cause as NodeJS.ErrnoException };
  }
}

type Kind = 'directory' | 'file' | Exclude<SkipReason, 'loop'>;

/** Looked up only for links, and where a file system tells no kinds. What cannot be looked up is left to the put to explain. */
async function kindOf(entry: Dirent, filePath: string): Promise<Kind> {
  return kindIn(entry) ?? kindIn(await stat(filePath).catch(() => undefined)) ?? 'file';
}

function kindIn(seen: Dirent | Stats | undefined): Kind | undefined {
  if (seen?.isFile()) return 'file';
  if (seen?.isDirectory()) return 'directory';
  if (seen?.isFIFO()) return 'fifo';
  if (seen?.isSocket()) return 'socket';
  return seen?.isBlockDevice() || seen?.isCharacterDevice() ? 'device' : undefined;
}
