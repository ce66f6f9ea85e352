import { setTimeout as sleep } from 'node:timers/promises';

/** What starts, restarts or replaces a child at the moment: a stop ends every wait in it, and itself waits for all of it. */
export class Activities {
  #stop = new AbortController();
  #attempt = new AbortController();
  #all: Promise<unknown> = Promise.resolve();

  /** Aborted when the child is told to stop, or retired: no process is started any more. */
  get stopped(): AbortSignal {
    return this.#stop.signal;
  }

  /** Aborted then as well, and when a process has come by another way: nobody waits for this one any more. */
  get attempt(): AbortSignal {
    return this.#attempt.signal;
  }

  stop(reason: Error): void {
    this.#stop.abort(reason);
    this.#attempt.abort(reason);
  }

  /** Ends what tries to bring a process at the moment. */
  supersede(): void {
    this.#attempt.abort();
    this.#attempt = new AbortController();
  }

  /** After a stop there may be some again. */
  revive(): void {
    this.#stop = new AbortController();
    this.#attempt = new AbortController();
  }

  /** Its failure is for the caller alone. */
  async do<T>(activity: Promise<T>): Promise<T> {
    this.#all = Promise.allSettled([this.#all, activity]);
    return activity;
  }

  /** Rejects when the child is stopped, or as `signal` says. */
  async pause(delayMs: number, signal = this.stopped): Promise<void> {
    await sleep(delayMs, undefined, { signal });
  }

  async settled(): Promise<void> {
    await this.#all;
  }
}
