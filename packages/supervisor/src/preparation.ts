import type { Family } from './family/family.ts';
import type { SocketPlan } from './listener/socket-plan.ts';
import type { SocketTable } from './listener/socket-table.ts';
import type { Observation } from './observation/observation.ts';

/** What a preparation works on. */
export interface PreparationSurroundings {
  readonly sockets: SocketTable;
  readonly family: Family;
  readonly observation: Observation;
  /** All sockets that there are to be at first. */
  plans(): readonly SocketPlan[];
  /** Aborted when the supervisor is told to stop: no further step begins. */
  readonly stopping: AbortSignal;
}

/** What there has to be before the first child: the control socket, the held sockets, the watchdog. What failed is tried again. */
export class Preparation {
  readonly #surroundings: PreparationSurroundings;
  #binding: Promise<void> | undefined;
  #everything: Promise<void> | undefined;

  constructor(surroundings: PreparationSurroundings) {
    this.#surroundings = surroundings;
  }

  /** The held sockets alone. Throws `PORT_TAKEN`, `BIND_FAILED`, `STOPPED`. */
  async bind(): Promise<void> {
    if (!this.#binding) this.#surroundings.stopping.throwIfAborted();
    this.#binding ??= this.#bind();
    await this.#binding;
  }

  /** Everything, and these sockets: those of a child that was added, or stopped by name, are not bound yet. */
  async prepareFor(plans: readonly SocketPlan[]): Promise<void> {
    await this.prepare();
    await this.#surroundings.sockets.bind(plans);
  }

  async prepare(): Promise<void> {
    this.#everything ??= this.#prepare();
    await this.#everything;
  }

  /** Resolves when nothing of it is under way. What could not be prepared was reported to whoever asked for it. */
  async settled(): Promise<void> {
    await Promise.allSettled([this.#everything ?? this.#binding]);
  }

  async #bind(): Promise<void> {
    const { sockets } = this.#surroundings;
    try {
      await sockets.bindFirst(this.#surroundings.plans());
    } catch (error) {
      this.#binding = undefined;
      // Those that could be bound are for nobody without the others.
      sockets.keepOnly([]);
      throw error;
    }
  }

  async #prepare(): Promise<void> {
    const { family, observation } = this.#surroundings;
    try {
      // First: where a supervisor with this control socket runs already, nothing else should be touched.
      await observation.start();
      await this.bind();
      await family.start();
    } catch (error) {
      this.#everything = undefined;
      throw error;
    }
  }
}
