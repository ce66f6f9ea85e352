import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Trouble } from './trouble.ts';

/**
 * Folds starts that fail. Who is started again and again by systemd or Kubernetes is another process each time, so that what was
 * mailed when is in a file. Within a window failed starts are counted; the first one after it tells of them, and opens one that is
 * twice as long.
 */
export class FailedStarts {
  readonly #directory: string;
  readonly #file: string;
  readonly #windowMs: number;

  constructor(directory: string, windowMs: number) {
    this.#directory = directory;
    this.#file = join(directory, '.failed-starts.json');
    this.#windowMs = windowMs;
  }

  /** What to mail, if anything. */
  add(trouble: Trouble): Trouble | undefined {
    const now = Date.now();
    const before = this.#read();
    if (before && now < before.endsAt) {
      this.#write({ ...before, count: before.count + 1, firstAt: before.firstAt ?? now });
      return undefined;
    }
    const isRepeated = before !== undefined && before.count > 0;
    const windowMs = isRepeated ? Math.min(before.windowMs * 2, this.#windowMs * MAX_FACTOR) : this.#windowMs;
    this.#write({ endsAt: now + windowMs, windowMs, count: 0 });
    if (!isRepeated) return trouble;
    return { ...trouble, count: before.count + 1, firstAt: new Date(before.firstAt ?? now) };
  }

  /** A start has come to its end. Whether one before it had failed. */
  end(): boolean {
    const hasFailed = this.#read() !== undefined;
    try {
      rmSync(this.#file, { force: true });
    } catch {
      // Somebody else's folder now: what has started does not end for it.
    }
    return hasFailed;
  }

  #read(): Window | undefined {
    try {
      return JSON.parse(readFileSync(this.#file, 'utf8')) as Window;
    } catch {
      return undefined; // There is none, or none that can be read: one mail too many is better than none.
    }
  }

  #write(window: Window): void {
    try {
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
      writeFileSync(`${this.#file}.new`, JSON.stringify(window), { mode: 0o600 });
      renameSync(`${this.#file}.new`, this.#file);
    } catch {
      // A disk that is full may be why the start failed. The mail goes out all the same.
    }
  }
}

// As within a process: of ten minutes eighty.
const MAX_FACTOR = 8;

interface Window {
  readonly endsAt: number;
  readonly windowMs: number;
  /** Of failed starts that nobody was mailed about. */
  readonly count: number;
  /** Of the first of them. */
  readonly firstAt?: number;
}
