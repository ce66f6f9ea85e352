import type { ChildSettings } from '../options/settings.ts';
import { readUsage } from '../run/process-usage.ts';

/** Looks again and again how much memory a ready process holds, and says each time that it is too much, until closed. */
export class MemoryMonitor {
  readonly #child: ChildSettings;
  readonly #pid: number;
  readonly #onExceeded: (rssBytes: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(child: ChildSettings, pid: number, onExceeded: (rssBytes: number) => void) {
    this.#child = child;
    this.#pid = pid;
    this.#onExceeded = onExceeded;
    this.#schedule();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    if (this.#child.memoryLimitBytes === undefined || this.#closed) return;
    this.#timer = setTimeout(() => this.#look(), this.#child.memoryCheckIntervalMs);
  }

  #look(): void {
    const usage = readUsage(this.#pid);
    const { memoryLimitBytes } = this.#child;
    if (this.#closed || memoryLimitBytes === undefined) return;
    if (usage && usage.rssBytes > memoryLimitBytes) this.#onExceeded(usage.rssBytes);
    this.#schedule();
  }
}
