import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Files that outlive their request by this much belong to a process that died. */
const LEFT_BEHIND_MS = 3_600_000;

/** Where uploads wait until they are stored. Nobody else may enter it. */
export class UploadDirectory {
  readonly #path: string;

  /** @param path Default: one for each user in the system's temporary folder. */
  constructor(path = join(tmpdir(), `silly-face-uploads-${process.getuid?.() ?? 'all'}`)) {
    this.#path = path;
  }

  /** Runs `use` with two free paths; whatever it wrote there is gone when it ends, however it ends. */
  async withFiles<Result>(use: (upload: string, photo: string) => Promise<Result>): Promise<Result> {
    await mkdir(this.#path, { recursive: true, mode: 0o700 });
    const base = join(this.#path, randomUUID());
    const [upload, photo] = [`${base}.upload`, `${base}.jpg`];
    try {
      return await use(upload, photo);
    } finally {
      await Promise.all([rm(upload, { force: true }), rm(photo, { force: true })]);
    }
  }

  /** Deletes what processes left behind that were killed. Returns how many files. */
  async sweep(now: number): Promise<number> {
    let removed = 0;
    for (const name of await namesIn(this.#path)) {
      const path = join(this.#path, name);
      const modified = await stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => now, // Its request took it away.
      );
      if (now - modified < LEFT_BEHIND_MS) continue;
      await rm(path, { force: true });
      removed++;
    }
    return removed;
  }
}

async function namesIn(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []; // No upload yet.
    throw error;
  }
}
