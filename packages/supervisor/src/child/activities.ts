import { setTimeout as sleep } from 'node:timers/promises';

/** What starts, restarts or replaces a child at the moment: a stop ends every wait in it, and itself waits for all of it. */
export class Activities {
  #stop = new AbortController();
  #all: Promise<unknown> = Promise.resolve();

  /** Aborted when the child is told to stop, or retired: no process is started any more. */
  get stopped(): AbortSignal {
    return this.#stop.signal;
  }

  stop(reason: Error): void {
    this.#stop.abort(reason);
  }

  /** After a stop there may be some again. */
  revive(): void {
    this.#stop = new AbortController();
  }

  /** Its failure is for the caller alone. */
  async do<T>(activity: Promise<T>): Promise<T> {
    this.#all = Promise.allSettled([this.#all, activity]);
    return activity;
  }

  /** Rejects when the child is stopped. */
  async pause(delayMs: number): Promise<void> {
    await sleep(delayMs, undefined, { signal: this.stopped });
  }

  async settled(): Promise<void> {
    await this.#all;
  }
}
