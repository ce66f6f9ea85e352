import { lchownSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StateEvent, Supervisor, SupervisorError, SupervisorOptions } from '@silly-face/supervisor';
import { CONFIGURATION_TASK, NGINX_CHILD } from './children.ts';
import { nginxConfiguration } from './configuration.ts';
import { NGINX_FILES, type NginxPlan } from './plan.ts';
import { apiNumber, apiNumbers, apiSocket, upstreamsOf } from './upstreams.ts';

/**
 * Keeps nginx's configuration in step with who there is. A deploy, a crash or a restart changes nothing in it, because sockets stay;
 * it is reloaded only when there are more or fewer API processes than before, or one has been given up.
 */
export class Membership {
  readonly #table: SupervisorOptions;
  readonly #plan: NginxPlan;
  readonly #members: Set<number>;
  #written: string;
  #updating: Promise<void> | undefined;

  /** Writes the first configuration, which the task before nginx takes over. */
  constructor(table: SupervisorOptions, plan: NginxPlan) {
    this.#table = table;
    this.#plan = plan;
    this.#members = new Set(apiNumbers(table));
    this.#written = this.#configuration();
    this.#write(this.#written);
  }

  /** `failed` hears why nginx goes on with the former members. */
  follow(supervisor: Supervisor, failed: (error: unknown) => void): void {
    const tell = (error: unknown): void => {
      if ((error as SupervisorError).code !== 'STOPPED') failed(error);
    };
    supervisor.on('state', (event) => {
      try {
        if (!this.#changes(event)) return;
      } catch (error) {
        return tell(error);
      }
      this.#updating ??= this.#update(supervisor)
        .catch(tell)
        .finally(() => (this.#updating = undefined));
    });
  }

  #changes({ child, to }: StateEvent): boolean {
    const number = apiNumber(child);
    if (number === undefined) return false;
    if (to === 'ready') {
      // Bound by us, and nginx may have to be somebody else.
      this.#handOver(apiSocket(this.#table, number));
      this.#members.add(number);
    }
    // The last one stays: requests find nobody either way, and an upstream without servers is no configuration.
    if (isGone(to) && this.#members.size > 1) this.#members.delete(number);
    return this.#configuration() !== this.#written;
  }

  /** One at a time; what changes meanwhile is seen to after it. */
  async #update(supervisor: Supervisor): Promise<void> {
    for (let wanted; (wanted = this.#configuration()) !== this.#written;) {
      this.#write(wanted);
      this.#written = wanted;
      await supervisor.restart(CONFIGURATION_TASK);
      const nginx = supervisor.status().find(({ name }) => name === NGINX_CHILD);
      if (nginx?.pid !== undefined) process.kill(nginx.pid, 'SIGHUP');
    }
  }

  #configuration(): string {
    const members = [...this.#members].toSorted((one, other) => one - other);
    return nginxConfiguration(this.#plan, upstreamsOf(this.#table, members));
  }

  /** Whole, whenever somebody reads it. As root we write in somebody else's folder: through none of the links there may be. */
  #write(configuration: string): void {
    const file = join(this.#plan.folder, NGINX_FILES.nextConfiguration);
    rmSync(`${file}.new`, { force: true });
    writeFileSync(`${file}.new`, configuration, { flag: 'wx' });
    this.#handOver(`${file}.new`);
    renameSync(`${file}.new`, file);
  }

  #handOver(path: string): void {
    const { account } = this.#plan;
    if (account) lchownSync(path, account.uid, account.gid);
  }
}

function isGone(state: StateEvent['to']): boolean {
  return state === 'stopped' || state === 'failed';
}
