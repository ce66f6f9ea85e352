import type { Trouble } from './trouble.ts';

/**
 * Keeps a child in trouble from filling a mailbox. The first of a child and a kind goes out at once and opens a window; those that
 * follow within it go out as one at its end, and open one that is twice as long. A window in which nothing happens is the last.
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
    const key = `${trouble.kind} ${trouble.child ?? ''}`;
    const window = this.#windows.get(key);
    if (window) {
      window.folded = fold(window.folded, trouble);
      return;
    }
    this.#open(key, this.#windowMs);
    this.#send(trouble);
  }

  /** Nothing is kept back any longer. */
  close(): void {
    for (const { timer, folded } of this.#windows.values()) {
      clearTimeout(timer);
      if (folded) this.#send(folded);
    }
    this.#windows.clear();
  }

  #open(key: string, lengthMs: number): void {
    // Who waits for the end of a window keeps no process alive.
    const timer = setTimeout(() => this.#end(key, lengthMs), lengthMs).unref();
    this.#windows.set(key, { timer, folded: undefined });
  }

  #end(key: string, lengthMs: number): void {
    const folded = this.#windows.get(key)?.folded;
    this.#windows.delete(key);
    if (!folded) return;
    this.#open(key, Math.min(lengthMs * 2, this.#windowMs * MAX_FACTOR));
    this.#send(folded);
  }
}

// Of ten minutes: eighty.
const MAX_FACTOR = 8;

interface Window {
  readonly timer: NodeJS.Timeout;
  folded: Trouble | undefined;
}

function fold(before: Trouble | undefined, trouble: Trouble): Trouble {
  if (!before) return trouble;
  return { ...trouble, count: before.count + trouble.count, firstAt: before.firstAt };
}
