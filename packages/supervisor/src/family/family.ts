import { randomBytes } from 'node:crypto';
import { COOKIE_VARIABLE, endCarriers } from './cookie.ts';
import { signalGroup } from './process-group.ts';
import { Watchdog } from './watchdog.ts';

/** The processes of one supervisor: nobody of them outlives it, and nothing that a child started outlives the child. */
export class Family {
  readonly #id = `${process.pid}-${randomBytes(8).toString('hex')}`;
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
    this.#watchdog.add({ group: leader, cookie, deathSignal });
  }

  /** After the end of `leader`: ends what it left behind, in its group and outside. */
  async endLeftovers(leader: number, cookie: string): Promise<void> {
    signalGroup(leader, 'SIGKILL');
    await endCarriers(cookie);
    this.#watchdog.remove(leader);
  }

  async close(): Promise<void> {
    await this.#watchdog.close();
  }
}
