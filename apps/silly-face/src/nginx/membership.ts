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
  #isUpdating = false;

  /** Writes the first configuration, which the task before nginx takes over. */
  constructor(table: SupervisorOptions, plan: NginxPlan) {
    this.#table = table;
    this.#plan = plan;
    this.#members = new Set(apiNumbers(table));
    this.#written = this.#configuration();
    this.#write(this.#written);
  }

  /** `failed` hears when nginx goes on with the members that it knew. */
  follow(supervisor: Supervisor, failed: (reason: string) => void): void {
    supervisor.on('state', (event) => {
      void this.#update(event, supervisor).catch((error: SupervisorError) => {
        // As everything stops, nginx does.
        if (error.code !== 'STOPPED')
          failed(`nginx goes on with the API processes that it knew: ${error.message}`);
      });
    });
  }

  /** One at a time: what changes meanwhile is seen to by the one that is at it. */
  async #update(event: StateEvent, supervisor: Supervisor): Promise<void> {
    this.#notice(event);
    if (this.#isUpdating) return;
    this.#isUpdating = true;
    try {
      for (let wanted; (wanted = this.#configuration()) !== this.#written;) {
        this.#write(wanted);
        this.#written = wanted;
        await supervisor.restart(CONFIGURATION_TASK);
        const nginx = supervisor.status().find(({ name }) => name === NGINX_CHILD);
        if (nginx?.pid !== undefined) process.kill(nginx.pid, 'SIGHUP');
      }
    } finally {
      this.#isUpdating = false;
    }
  }

  #notice({ child, to }: StateEvent): void {
    const number = apiNumber(child);
    if (number === undefined) return;
    if (to === 'ready') {
      // Bound by us, and nginx may have to be somebody else.
      this.#handOver(apiSocket(this.#table, number));
      this.#members.add(number);
    }
    // The last one stays: requests find nobody either way, and an upstream without servers is no configuration.
    if ((to === 'stopped' || to === 'failed') && this.#members.size > 1) this.#members.delete(number);
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
