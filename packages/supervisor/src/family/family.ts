import { readStat } from '../proc.ts';
import { COOKIE_VARIABLE, endCarriers } from './cookie.ts';
import { namespaceEnds, type NamespaceProcesses } from './namespace.ts';
import { signalGroup } from './signal.ts';
import { Watchdog } from './watchdog.ts';

/** The processes of one supervisor: nobody of them outlives it, and nothing that a child started outlives the child. */
export class Family {
  // No secret, as every child knows it: two megabytes of node:crypto would be for nothing.
  readonly #id = `${process.pid}-${Math.trunc(Math.random() * 2 ** 52).toString(16)}`;
  readonly #watchdog = new Watchdog(`${this.#id}.`);
  #runs = 0;

  async start(): Promise<void> {
    await this.#watchdog.start();
  }

  /** A mark for one more process and all that it will start. */
  nextCookie(): string {
    this.#runs += 1;
    return `${this.#id}.${this.#runs}.`;
  }

  /** The environment that carries the mark. */
  environment(cookie: string): Record<string, string> {
    return { [COOKIE_VARIABLE]: cookie };
  }

  adopt(leader: number, cookie: string, deathSignal: NodeJS.Signals): void {
    const run = cookie.slice(this.#id.length + 1, -1);
    this.#watchdog.add({ group: leader, deathSignal, run, start: readStat(leader)?.startTicks ?? '' });
  }

  /** After the end of `leader`: ends what it left behind, in its group and outside. */
  async endLeftovers(leader: number, cookie: string, inside?: NamespaceProcesses): Promise<void> {
    signalGroup(leader, 'SIGKILL');
    // At once: the number may come to a stranger from now on. Those outside the group the watchdog finds without it.
    this.#watchdog.remove(leader);
    if (inside) await namespaceEnds(inside.first, NAMESPACE_LIMIT_MS);
    await endCarriers(cookie);
  }

  async close(): Promise<void> {
    await this.#watchdog.close();
  }
}

// The kernel is at it; a process inside that waits for a disk keeps it.
const NAMESPACE_LIMIT_MS = 1_000;
