import { EventEmitter } from 'node:events';
import type { AddressInfo } from 'node:net';
import { ChildTable } from './child/child-table.ts';
import { ExitHooks } from './child/exit-hooks.ts';
import type { ChildStatus } from './child/status.ts';
import { SupervisorError, supervisorStopped } from './errors.ts';
import type { SupervisorEvents } from './events.ts';
import { Family } from './family/family.ts';
import { SocketTable } from './listener/socket-table.ts';
import { Observation } from './observation/observation.ts';
import type { ChildOptions, SupervisorOptions } from './options/options.ts';
import { invalidOption } from './options/rules.ts';
import { Outputs } from './output/outputs.ts';
import type { SinkOptions } from './output/sink-options.ts';
import { Preparation } from './preparation.ts';
import { Operations } from './rollout/operations.ts';
import { inStartOrder, inStopOrder } from './rollout/order.ts';
import { readRelease } from './rollout/release.ts';
import { withUsage } from './run/process-usage.ts';
import { ProcessSignals } from './signals.ts';
import type { MonitoredChild } from './spawn-monitored-child.ts';
import { SystemdService } from './systemd/service.ts';

/**
 * Owns processes: starts them in order, watches and restarts them, hands sockets down to them, and takes them along when it
 * ends, however it ends. One life each: after `stop` make a new one.
 */
export class Supervisor extends EventEmitter<SupervisorEvents> {
  readonly #signals: ProcessSignals;
  readonly #family = new Family();
  readonly #outputs = new Outputs(this);
  readonly #service = new SystemdService(this);
  readonly #sockets = new SocketTable();
  readonly #children: ChildTable;
  readonly #operations: Operations;
  readonly #observation: Observation;
  readonly #preparation: Preparation;
  /** Aborted as soon as somebody wants the end: no operation begins a further step. */
  readonly #stopRequest = new AbortController();
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  /** @throws SupervisorError `INVALID_OPTION` */
  constructor(options: SupervisorOptions = {}) {
    super();
    const release = readRelease(options);
    this.#children = new ChildTable({
      sockets: (settings) => this.#sockets.find(settings.sockets),
      prepared: async ({ sockets }) => this.#preparation.prepareFor(sockets),
      family: this.#family,
      events: this,
      outputs: this.#outputs,
      exitHooks: new ExitHooks(this, options),
    });
    this.#operations = new Operations(release, {
      children: this.#children,
      sockets: this.#sockets,
      stopping: this.#stopRequest.signal,
      started: async () => this.#hasStarted(),
      reloaded: (event) => this.emit('reload', event),
      service: this.#service,
    });
    this.#signals = new ProcessSignals(options.signals, options.reloadSignals, {
      stop: async () => this.stop(),
      kill: async () => this.kill(),
      reload: async () => this.#reloadUnasked(),
    });
    this.#observation = new Observation(this, options, this.#outputs, this.#children);
    this.#preparation = new Preparation({
      sockets: this.#sockets,
      family: this.#family,
      observation: this.#observation,
      plans: () => {
        const { sockets, children } = this.#operations.release;
        return [...sockets, ...children.flatMap((child) => child.sockets)];
      },
      stopping: this.#stopRequest.signal,
    });
  }

  /**
   * Binds the sockets; `start` does it otherwise.
   * @throws SupervisorError `PORT_TAKEN`, `BIND_FAILED`, `STOPPED`
   */
  async bind(): Promise<void> {
    await this.#preparation.bind();
  }

  /**
   * Without a name: starts every child after those that it waits for. Resolves when all are ready, tasks completed. When one of them fails,
   * everything is stopped first, and then its error is thrown: it names the child and carries its last words.
   *
   * With the name of a child or group: starts again what was stopped by name, or has failed.
   * @throws SupervisorError
   */
  async start(name?: string): Promise<void> {
    if (name !== undefined) return this.#operations.start(name);
    if (this.#stopping && !this.#starting) throw supervisorStopped();
    this.#starting ??= this.#start();
    try {
      await this.#starting;
    } catch (error) {
      // The process is about to exit because of a signal: nothing that would follow the start should run, nor complain.
      if (this.#signals.isEnding) await new Promise(() => {});
      throw error;
    }
  }

  /**
   * Adds a child and starts it; a failing start is tried again as after a crash. Its `after` has no meaning here, and no reload
   * removes it.
   * @throws SupervisorError `INVALID_OPTION`, `STOPPED`
   */
  add(options: ChildOptions): MonitoredChild {
    const child = this.#operations.add(options);
    const { name } = options;
    return {
      name,
      supervisor: this,
      status: () => withUsage(child.status()),
      restart: async () => this.restart(name),
      stop: async () => this.#operations.remove(child),
    };
  }

  /**
   * Without a name: closes the held sockets, then stops the children, each after those that depend on it, each with its own
   * signal and limit; SIGKILL follows. Children keep their own descriptors of a socket: as soon as the last of them has stopped
   * accepting, new connections are refused, however long answers still take. The file of a unix socket is removed at once. A child
   * with held sockets that ends meanwhile is not started again. Further calls wait for the same end.
   *
   * With the name of a child or group: that is stopped, and its own sockets are closed. It stays so through reloads, until it is
   * started or restarted by name.
   * @throws SupervisorError `UNKNOWN_CHILD`, `NOT_STARTED`, `STOPPED`, with a name only
   */
  async stop(name?: string): Promise<void> {
    if (name !== undefined) return this.#operations.stop(name);
    this.#stopRequest.abort(supervisorStopped());
    this.#stopping ??= this.#stop('the supervisor stops');
    await this.#stopping;
  }

  /**
   * Takes over a new release: the given options, else those that `configure` returns, else the present ones, with scripts and
   * programs as they are now. Everything is checked and new sockets are bound before anything is touched. Then the tasks run again,
   * in their order; new children are started and the others replaced, in their order, `reloadParallelism` at a time; children that
   * are no longer there are stopped. Sockets that stay the same stay open.
   *
   * The first step that fails ends it: the new process is removed, or the new child; the old process goes on with its old
   * settings; what was replaced before stays. The error says why, with the child's last words, and which children were `replaced`
   * or `left`. A reload waits for its turn behind the start and other operations; several that wait become one. Each one ends with
   * a `reload` event.
   * @throws SupervisorError `INVALID_OPTION`, `CONFIG_NOT_LOADED`, `NOT_STARTED`, `CHILD_NOT_READY` also for a task that is running
   * already, and all that `start` throws
   */
  async reload(options?: SupervisorOptions): Promise<void> {
    await this.#operations.reload(options);
  }

  /**
   * Gives a child, or each of a group, a new process with the same settings, as a reload does. One that was stopped is started.
   * @throws SupervisorError `UNKNOWN_CHILD`, `NOT_STARTED`, and all that `start` throws
   */
  async restart(name: string): Promise<void> {
    await this.#operations.restart(name);
  }

  /**
   * Changes how many `instances` a group has. Further ones are ready when it resolves; when one of them does not get ready, none
   * is added. Those with the highest numbers go first, each in its own way. A reload keeps the number, unless the options then say
   * another one than now.
   * @throws SupervisorError `UNKNOWN_CHILD`, `INVALID_OPTION`, `NOT_STARTED`, and all that `start` throws
   */
  async scale(group: string, instances: number): Promise<void> {
    await this.#operations.scale(group, instances);
  }

  /** Ends every child at once with SIGKILL, in no order. Hooks after their ends have a second. */
  async kill(): Promise<void> {
    this.#children.kill();
    await this.stop();
  }

  /**
   * Where a held socket is bound: address and port, or the path. A socket of `listen` has the name of its child.
   * @throws SupervisorError `INVALID_OPTION` for a name that no socket has, or before it is bound
   */
  address(socket: string): AddressInfo | string {
    const plan = [...this.#operations.release.sockets, ...this.#children.sockets()].find(
      ({ name }) => name === socket,
    );
    if (!plan) throw invalidOption(`There is no socket "${socket}"`);
    const [held] = this.#sockets.find([plan]);
    if (!held) throw invalidOption(`The socket "${socket}" is not bound`);
    return held.address;
  }

  /** Every child as it is now, in the order of the options. */
  status(): ChildStatus[] {
    return this.#children.all().map((child) => withUsage(child.status()));
  }

  /**
   * From now on the lines of every child go to this sink as well. Returns what ends that.
   * @throws SupervisorError `INVALID_OPTION`
   */
  addOutput(sink: SinkOptions): () => void {
    return this.#outputs.add(sink);
  }

  /** Log files are opened anew with the next line: for whoever has moved them, as logrotate does. */
  reopenFiles(): void {
    this.#outputs.reopenFiles();
  }

  /** The same and more for Prometheus, as text of its format 0.0.4. */
  metrics(): string {
    return this.#observation.metrics();
  }

  async #start(): Promise<void> {
    this.#signals.take();
    this.#service.starting();
    try {
      await this.#preparation.prepare();
      await inStartOrder(
        // A reload before this start may have brought some already.
        this.#children.configured().filter((child) => child.status().state === 'stopped'),
        ({ settings }) => settings,
        async (child) => {
          if (this.#stopping) throw supervisorStopped();
          await child.start();
        },
      );
      this.#service.ready();
    } catch (error) {
      // Told to stop, or failed: the reason is found before the stop hides it.
      const reason = this.#stopping ? supervisorStopped() : error;
      await this.stop();
      throw reason;
    }
  }

  async #hasStarted(): Promise<void> {
    // Its failure is the caller's of start; by then everything has stopped.
    if (this.#starting) await this.#starting.catch(() => {});
    else if (this.#children.configured().length > 0) {
      throw new SupervisorError('NOT_STARTED', 'The supervisor was not started');
    }
  }

  /** By a signal: nobody waits for the outcome, which is an event. */
  async #reloadUnasked(): Promise<void> {
    try {
      await this.reload();
    } catch (error) {
      if (this.#stopping || this.listenerCount('reload') > 0) return;
      process.emitWarning(error instanceof Error ? error : String(error));
    }
  }

  async #stop(reason: string): Promise<void> {
    this.#service.stopping();
    await this.#preparation.settled();
    const children = this.#children.all();
    for (const child of children) if (child.settings.sockets.length > 0) child.retire();
    this.#sockets.closeAll();
    await inStopOrder(
      children,
      ({ settings }) => settings,
      async (child) => child.stop(reason),
    );
    await this.#children.settled();
    await this.#family.close();
    await this.#outputs.close();
    await this.#observation.close();
    this.#service.stopped();
    this.#signals.release();
  }
}
