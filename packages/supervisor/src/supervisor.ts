import { EventEmitter } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Child, type ChildStatus } from './child.ts';
import { SupervisorError } from './errors.ts';
import type { SupervisorEvents } from './events.ts';
import { Family } from './family/family.ts';
import { bindSocket, type HeldSocket } from './listener.ts';
import type { ChildOptions, SocketOptions, SupervisorOptions } from './options.ts';
import { inOrder } from './order.ts';
import { resolveChild, resolveChildren, type ChildSettings } from './settings.ts';
import { takeSignals } from './signals.ts';
import { invalidOption, validateChildOptions, validateOptions } from './validation.ts';

/**
 * Owns processes: starts them in order, watches and restarts them, hands sockets down to them, and takes them along when it
 * ends, however it ends. One life each: after `stop` make a new one.
 */
export class Supervisor extends EventEmitter<SupervisorEvents> {
  readonly #socketOptions: Readonly<Record<string, SocketOptions>>;
  readonly #signals: readonly NodeJS.Signals[];
  readonly #family = new Family();
  readonly #sockets = new Map<string, HeldSocket>();
  readonly #children = new Map<string, Child>();
  #binding: Promise<void> | undefined;
  /** Sockets and watchdog. */
  #preparing: Promise<void> | undefined;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #reloading: Promise<void> = Promise.resolve();
  #releaseSignals: (() => void) | undefined;
  /** Set when a signal asked for the end: the process exits with it as soon as everything has stopped. */
  #exitCode: number | undefined;

  /** @throws SupervisorError `INVALID_OPTION` */
  constructor(options: SupervisorOptions = {}) {
    super();
    validateOptions(options);
    this.#socketOptions = structuredClone(options.sockets ?? {});
    for (const settings of resolveChildren(options)) this.#adopt(settings);
    this.#signals = [...(options.signals ?? [])];
  }

  /**
   * Binds the sockets; `start` does it otherwise.
   * @throws SupervisorError `PORT_TAKEN`, `BIND_FAILED`, `STOPPED`
   */
  async bind(): Promise<void> {
    if (this.#stopping && !this.#binding) throw stopped();
    this.#binding ??= this.#bind();
    await this.#binding;
  }

  /**
   * Starts every child after those that it waits for. Resolves when all are ready, tasks completed. When one of them fails,
   * everything is stopped first, and then its error is thrown: it names the child and carries its last words.
   * @throws SupervisorError
   */
  async start(): Promise<void> {
    if (this.#stopping && !this.#starting) throw stopped();
    this.#starting ??= this.#start();
    try {
      await this.#starting;
    } catch (error) {
      // The process is about to exit because of a signal: nothing that would follow the start should run, nor complain.
      if (this.#exitCode !== undefined) await new Promise(() => {});
      throw error;
    }
  }

  /**
   * Adds a child and starts it; a failing start is tried again as after a crash. Its `after` has no meaning here.
   * @throws SupervisorError `INVALID_OPTION`, `STOPPED`
   */
  add(options: ChildOptions): MonitoredChild {
    validateChildOptions(options);
    if (options.instances !== undefined || options.after !== undefined) {
      throw invalidOption(
        `Child "${options.name}" is added alone: it has neither \`instances\` nor \`after\``,
      );
    }
    if (this.#stopping) throw stopped();
    const [settings] = resolveChild(options, this.#socketOptions);
    if (!settings) throw invalidOption('Expected one child');
    if (this.#children.has(settings.name)) {
      throw invalidOption(`Expected child names to be unique, got "${settings.name}" twice`);
    }
    const child = this.#adopt(settings);
    child.startPersistently();
    return {
      name: settings.name,
      supervisor: this,
      status: () => child.status(),
      stop: async () => {
        await child.stop('told to stop');
        this.#children.delete(settings.name);
      },
    };
  }

  /**
   * Closes the held sockets, then stops the children, each after those that depend on it, each with its own signal and limit;
   * SIGKILL follows. Children keep their own descriptors of a socket: as soon as the last of them has stopped accepting, new
   * connections are refused, however long answers still take. The file of a unix socket is removed at once. A child with held
   * sockets that ends meanwhile is not started again. Further calls wait for the same end.
   */
  async stop(): Promise<void> {
    this.#stopping ??= this.#stop('the supervisor stops');
    await this.#stopping;
  }

  /**
   * Takes over a new release. First the tasks run again, in their order; when one fails, it is `failed` until the next reload, no
   * process is replaced, and the reload ends with the task's error and last words. Then the processes behind held sockets are
   * replaced, one child at a time: the new one is ready before the old one gets its stop signal, so that somebody serves all the
   * time. A new one that does not get ready is removed, the old ones stay, and the reload ends there with the reason. A reload
   * during a reload waits for its turn. Other children are left alone.
   * @throws SupervisorError `INVALID_OPTION` for a child that does not say itself when it is ready, `CHILD_NOT_READY` also for a
   * task that is running already, and all that `start` throws
   */
  async reload(): Promise<void> {
    const reloaded = this.#reloading.then(() => this.#reload());
    this.#reloading = reloaded.catch(() => {});
    await reloaded;
  }

  /** Ends every child at once with SIGKILL, in no order. */
  async kill(): Promise<void> {
    for (const child of this.#children.values()) child.kill();
    await this.stop();
  }

  /**
   * Where a held socket is bound: address and port, or the path.
   * @throws SupervisorError `INVALID_OPTION` for a name that `sockets` does not have, or before it is bound
   */
  address(socket: string): AddressInfo | string {
    const held = this.#sockets.get(socket);
    if (held) return held.address;
    const known = Object.hasOwn(this.#socketOptions, socket);
    throw invalidOption(known ? `The socket "${socket}" is not bound` : `There is no socket "${socket}"`);
  }

  /** Every child as it is now, in the order of the options. */
  status(): ChildStatus[] {
    return [...this.#children.values()].map((child) => child.status());
  }

  async #bind(): Promise<void> {
    try {
      for (const [name, options] of Object.entries(this.#socketOptions)) {
        this.#sockets.set(name, await bindSocket(name, options));
      }
    } catch (error) {
      this.#closeSockets();
      throw error;
    }
  }

  #prepare(): Promise<void> {
    this.#preparing ??= this.bind().then(() => this.#family.start());
    return this.#preparing;
  }

  #adopt(settings: ChildSettings): Child {
    const child = new Child(settings, {
      sockets: () => settings.sockets.flatMap((name) => this.#sockets.get(name) ?? []),
      prepared: () => this.#prepare(),
      family: this.#family,
      events: this,
    });
    this.#children.set(settings.name, child);
    return child;
  }

  async #start(): Promise<void> {
    this.#releaseSignals = takeSignals(this.#signals, {
      first: () => void this.#exit(),
      later: () => {
        this.#exitCode = 1;
        void this.kill();
      },
    });
    try {
      await this.#prepare();
      await this.#inStartOrder(async (child) => {
        if (this.#stopping) throw stopped();
        await child.start();
      });
    } catch (error) {
      // Told to stop, or failed: the reason is found before the stop hides it.
      const reason = this.#stopping ? stopped() : error;
      await this.stop();
      throw reason;
    }
  }

  async #reload(): Promise<void> {
    const children = [...this.#children.values()].filter(
      ({ settings }) => settings.sockets.length > 0 && !settings.task,
    );
    for (const { settings } of children) {
      // A health check of a shared socket may be answered by the old process, and says nothing about the new one.
      if (settings.readiness !== 'message' && settings.readiness !== 'listening') {
        throw invalidOption(
          `Child "${settings.name}" cannot be replaced: it needs \`readiness: 'message'\` or \`'listening'\``,
        );
      }
    }
    await this.#repeatTasks();
    for (const child of children) {
      if (this.#stopping) throw stopped();
      await child.replace();
    }
  }

  /** When one fails, no further one begins; those that run already come to their end before the failure is thrown. */
  async #repeatTasks(): Promise<void> {
    const failures: unknown[] = [];
    await this.#inStartOrder(async (child) => {
      if (!child.settings.task || failures.length > 0) return;
      try {
        if (this.#stopping) throw stopped();
        await child.repeat();
      } catch (error) {
        failures.push(error);
      }
    });
    if (failures.length > 0) throw failures[0];
  }

  async #inStartOrder(action: (child: Child) => Promise<void>): Promise<void> {
    const children = [...this.#children.values()];
    await inOrder(
      children,
      ({ settings }) => children.filter((other) => settings.after.includes(other.settings.name)),
      action,
    );
  }

  async #stop(reason: string): Promise<void> {
    // What cannot be prepared is reported by start; here it only has to be over.
    await (this.#preparing ?? this.#binding)?.catch(() => {});
    const children = [...this.#children.values()];
    for (const child of children) if (child.settings.sockets.length > 0) child.retire();
    this.#closeSockets();
    await inOrder(
      children,
      ({ settings }) => children.filter((other) => other.settings.after.includes(settings.name)),
      (child) => child.stop(reason),
    );
    await this.#family.close();
    if (this.#exitCode === undefined) this.#releaseSignals?.();
  }

  async #exit(): Promise<void> {
    this.#exitCode = 0;
    await this.stop();
    // Whoever reads our output gets all of it before we are gone.
    for (const stream of [process.stdout, process.stderr])
      await new Promise((resolve) => stream.write('', resolve));
    process.exit(this.#exitCode);
  }

  #closeSockets(): void {
    for (const socket of this.#sockets.values()) socket.close();
    this.#sockets.clear();
  }
}

/** A child that was added alone. */
export interface MonitoredChild {
  readonly name: string;
  /** Where its events are. */
  readonly supervisor: Supervisor;
  status(): ChildStatus;
  /** Ends it for good and forgets it. */
  stop(): Promise<void>;
}

function stopped(): SupervisorError {
  return new SupervisorError('STOPPED', 'The supervisor was told to stop');
}
