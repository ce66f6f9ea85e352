import { setTimeout as sleep } from 'node:timers/promises';
import { probe, type Verdict } from './probe.ts';

/** Requests one after the other, whether the last one was answered or not, each on a connection of its own. */
export class Probes {
  readonly verdicts: Promise<Verdict>[] = [];
  readonly #port: number;
  readonly #victim: number | undefined;
  readonly #timeoutMs: number;
  readonly #start = performance.now();
  #answeredMs: number | undefined;

  /** @param victim whose answers are none */
  constructor(port: number, { victim, timeoutMs = 3_000 }: { victim?: number; timeoutMs?: number } = {}) {
    this.#port = port;
    this.#victim = victim;
    this.#timeoutMs = timeoutMs;
  }

  /** From the construction to the first answer; undefined before. */
  get answeredMs(): number | undefined {
    return this.#answeredMs;
  }

  get elapsedMs(): number {
    return performance.now() - this.#start;
  }

  send(path?: string): void {
    this.verdicts.push(this.#send(path));
  }

  /** One every 2 ms. */
  async sendMany(count: number): Promise<void> {
    for (let sent = 0; sent < count; sent++) {
      this.send();
      await sleep(2);
    }
  }

  /** One every 2 ms until the first answer, or until the limit since the construction is over; whether there was an answer. */
  async untilAnswered(limitMs: number): Promise<boolean> {
    while (this.#answeredMs === undefined && this.elapsedMs < limitMs) await this.sendMany(1);
    return this.#answeredMs !== undefined;
  }

  async #send(path?: string): Promise<Verdict> {
    const verdict = await probe(this.#port, this.#timeoutMs, path);
    if ('pid' in verdict && verdict.pid !== this.#victim) this.#answeredMs ??= this.elapsedMs;
    return verdict;
  }
}

export async function lostOf(verdicts: readonly Promise<Verdict>[]): Promise<number> {
  return (await Promise.all(verdicts)).filter((verdict) => 'lost' in verdict).length;
}
