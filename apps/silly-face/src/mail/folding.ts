import type { Trouble, TroubleKind } from './trouble.ts';

/**
 * Keeps a child in trouble from filling a mailbox. The first of a child and a kind goes out at once and opens a window; those that
 * follow within it go out as one at its end, and open one that is twice as long. A window in which nothing happens is the last.
 *
 * Who reads that a child has recovered believes it until the next mail. So that one ends the windows of what it recovered from,
 * and is not told once it has come too late. Its own windows keep a child that recovers again and again from more than a few mails in each.
 */
export class Folding {
  readonly #windowMs: number;
  readonly #send: (trouble: Trouble) => void;
  readonly #windows = new Map<string, Window>();

  constructor(windowMs: number, send: (trouble: Trouble) => void) {
    this.#windowMs = windowMs;
    this.#send = send;
  }

  add(trouble: Trouble): void {
    const { kind, child } = trouble;
    if (RECOVERABLE.includes(kind)) this.#outdateRecovery(child);
    const key = keyOf(kind, child);
    const window = this.#windows.get(key);
    if (window) {
      window.isUsed = true;
      window.folded = fold(window.folded, trouble);
      return;
    }
    this.#open(key, this.#windowMs);
    this.#tell(trouble);
  }

  /** Nothing is kept back any longer. */
  close(): void {
    this.#endWindows([...this.#windows.keys()]);
  }

  #outdateRecovery(child: string | undefined): void {
    const window = this.#windows.get(keyOf('recovered', child));
    if (window) window.folded = undefined;
  }

  #tell(trouble: Trouble): void {
    const { kind, child } = trouble;
    if (kind === 'recovered') this.#endWindows([...RECOVERABLE, RELOAD].map((each) => keyOf(each, child)));
    this.#send(trouble);
  }

  /** What was kept back goes out, the latest last. */
  #endWindows(keys: readonly string[]): void {
    const windows = keys.flatMap((key) => this.#windows.get(key) ?? []);
    for (const { timer } of windows) clearTimeout(timer);
    for (const key of keys) this.#windows.delete(key);
    const folded = windows.flatMap((window) => window.folded ?? []);
    for (const each of folded.toSorted((a, b) => a.lastAt.getTime() - b.lastAt.getTime())) this.#send(each);
  }

  #open(key: string, lengthMs: number): void {
    // Who waits for the end of a window keeps no process alive.
    const timer = setTimeout(() => this.#end(key, lengthMs), lengthMs).unref();
    this.#windows.set(key, { timer, isUsed: false, folded: undefined });
  }

  #end(key: string, lengthMs: number): void {
    const window = this.#windows.get(key);
    this.#windows.delete(key);
    if (!window?.isUsed) return;
    this.#open(key, Math.min(lengthMs * 2, this.#windowMs * MAX_FACTOR));
    if (window.folded) this.#tell(window.folded);
  }
}

// Of ten minutes: eighty.
const MAX_FACTOR = 8;

/** A recovery follows each of them, once the child is ready again. */
const RECOVERABLE: readonly TroubleKind[] = ['crash', 'failed', 'unhealthy', 'blocked', 'memory'];
/** Followed by none; but when there is one, it sounds as if all were well. */
const RELOAD: TroubleKind = 'reload-failed';

function keyOf(kind: TroubleKind, child: string | undefined): string {
  return `${kind} ${child ?? ''}`;
}

interface Window {
  readonly timer: NodeJS.Timeout;
  /** Something has happened in it. */
  isUsed: boolean;
  /** What is kept back, if it is still true. */
  folded: Trouble | undefined;
}

function fold(before: Trouble | undefined, trouble: Trouble): Trouble {
  if (!before) return trouble;
  return { ...trouble, count: before.count + trouble.count, firstAt: before.firstAt };
}
