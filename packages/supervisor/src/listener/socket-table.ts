import { SupervisorError, supervisorStopped } from '../errors.ts';
import { takeInherited, warnOfUnused } from '../systemd/inherited-sockets.ts';
import { bindSocket, type HeldSocket } from './held-socket.ts';
import type { SocketPlan } from './socket-plan.ts';

/** The held sockets of a supervisor, each bound once, whoever comes and goes behind it. */
export class SocketTable {
  readonly #held = new Map<string, HeldSocket>();
  readonly #binding = new Map<string, Promise<void>>();
  #isClosed = false;

  /** As `bind`, for all that there are: those that systemd has opened for us are matched with all of them. */
  async bindFirst(plans: readonly SocketPlan[]): Promise<void> {
    const inherited = await takeInherited(plans);
    for (const { name, key } of plans) {
      const socket = inherited.get(name);
      if (socket) this.#held.set(key, socket);
    }
    await this.bind(plans);
    warnOfUnused();
  }

  /** Binds those that are not bound. Throws `PORT_TAKEN`, `BIND_FAILED`, `STOPPED`. */
  async bind(plans: readonly SocketPlan[]): Promise<void> {
    for (const plan of plans) {
      if (!this.#held.has(plan.key)) await this.#bindOnce(plan);
    }
  }

  /** Those that are bound, under the names of the plans. */
  find(plans: readonly SocketPlan[]): HeldSocket[] {
    return plans.flatMap(({ key, name }) => {
      const held = this.#held.get(key);
      return held ? [{ ...held, name }] : [];
    });
  }

  /** Children that run keep their own descriptors. */
  close(plans: readonly SocketPlan[]): void {
    for (const { key } of plans) {
      this.#held.get(key)?.close();
      this.#held.delete(key);
    }
  }

  /** Closes all others. */
  keepOnly(plans: readonly SocketPlan[]): void {
    const kept = new Set(plans.map(({ key }) => key));
    for (const [key, socket] of this.#held) {
      if (kept.has(key)) continue;
      socket.close();
      this.#held.delete(key);
    }
  }

  /** For good: nothing is bound any more. */
  closeAll(): void {
    this.#isClosed = true;
    this.keepOnly([]);
  }

  /** A child that is started again may want a socket while a reload binds it already. */
  async #bindOnce(plan: SocketPlan): Promise<void> {
    const binding = this.#binding.get(plan.key) ?? this.#bind(plan);
    this.#binding.set(plan.key, binding);
    try {
      await binding;
    } finally {
      this.#binding.delete(plan.key);
    }
  }

  async #bind(plan: SocketPlan): Promise<void> {
    const { name, key, options } = plan;
    const inherited = (await takeInherited([plan])).get(name);
    const socket =
      inherited ??
      (await bindSocket(name, options).catch((error: SupervisorError) => {
        throw this.#explain(error, name, options.port);
      }));
    if (this.#isClosed) {
      socket.close();
      throw supervisorStopped();
    }
    this.#held.set(key, socket);
  }

  /** A reload that moves a port to another host meets our own socket, not that of another process. */
  #explain(error: SupervisorError, name: string, port: number | undefined): SupervisorError {
    const own = [...this.#held.values()].find((held) => port !== undefined && held.port === port);
    if (error.code !== 'PORT_TAKEN' || own === undefined || typeof own.address === 'string') return error;
    const message = `Cannot bind the socket "${name}": port ${port} is held already, at ${own.address.address} as "${own.name}"`;
    return new SupervisorError('PORT_TAKEN', message, { cause: error });
  }
}
