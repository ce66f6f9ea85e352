import { SupervisorError, withoutLastWords } from '../errors.ts';
import { canOverlap } from '../options/defaults.ts';
import type { ChildSettings } from '../options/settings.ts';
import type { Run, RunExit } from '../run/run.ts';
import { Activities } from './activities.ts';
import { describeEnd, giveUpError, stopError, type Condemnation } from './child-errors.ts';
import { ChildProcesses } from './child-processes.ts';
import { condemnedFailure, exitFailure, Recovery, startFailure, type Failure } from './recovery.ts';
import { StateMachine } from './state-machine.ts';
import type { AskedRestart, OwnStatus } from './status.ts';
import type { ChildSurroundings } from './surroundings.ts';
import { Watch } from './watch.ts';

/** One child: its states, and what moves it from one to the next. */
export class Child {
  readonly #surroundings: ChildSurroundings;
  readonly #processes: ChildProcesses;
  readonly #activities = new Activities();
  readonly #recovery = new Recovery();
  readonly #state: StateMachine;
  #settings: ChildSettings;
  #watching: Watch | undefined;
  /** Why we are ending the process that serves. */
  #condemnation: Failure | undefined;
  /** It holds too much memory, and another one is to come before it ends. */
  #isRelieving = false;
  /** What another process is to take the place of, and when that is over. */
  #replacing: { readonly old: Run; readonly over: Promise<void> } | undefined;
  #stopping: Promise<void> | undefined;

  constructor(settings: ChildSettings, surroundings: ChildSurroundings) {
    this.#surroundings = surroundings;
    this.#processes = new ChildProcesses(surroundings, (run, exit) => this.#onGone(run, exit));
    this.#state = new StateMachine(settings.name, surroundings.events, () => this.#processes.serving?.pid);
    this.#settings = settings;
    this.adopt(settings);
  }

  /** What its processes are started with; during a replacement still that of the old one. */
  get settings(): ChildSettings {
    return this.#settings;
  }

  /** From the next process on it has these settings, its spare at once, and a new chance. */
  adopt(settings: ChildSettings): void {
    this.#settings = settings;
    this.#recovery.adopt(settings);
    this.#processes.adopt(settings, this.#activities.stopped);
    if (this.#state.isServing) this.#processes.spare?.keep();
  }

  /** One that was stopped may be started again. */
  revive(settings = this.#settings): void {
    this.#activities.revive();
    this.#stopping = undefined;
    this.adopt(settings);
  }

  status(): OwnStatus {
    const { spare, serving } = this.#processes;
    const { child: name, port } = this.#processes.checkTarget(this.#settings);
    return {
      name,
      state: this.#state.current,
      since: this.#state.since,
      pid: serving?.pid,
      port,
      ...this.#recovery.figures,
      spare: spare?.standsBy ?? false,
      sparePid: spare?.pid,
      healthLatencyMs: this.#watching?.figures.healthLatencyMs,
      loopLagMs: this.#watching?.figures.loopLagMs,
    };
  }

  /**
   * Ready, or completed, when it resolves; else the child is `failed` and the reason is thrown. There is no second try. `asked`:
   * it counts as a restart of that kind.
   */
  async start(reason = 'started', asked?: AskedRestart): Promise<void> {
    await this.#activities.do(
      this.#begin(reason, asked).catch((error: unknown) => {
        if (this.#activities.stopped.aborted) throw error;
        const failure = startFailure(error);
        this.#recovery.note(failure);
        this.#state.moveTo('failed', failure.summary);
        throw error;
      }),
    );
  }

  /** Starts, and when that fails tries again as after a crash. */
  startPersistently(): void {
    void this.#activities.do(
      this.#begin('started').catch(async (error: unknown) => this.#recover(startFailure(error))),
    );
  }

  /**
   * Puts a new process in the place of the present one, which is stopped as soon as the new one is ready. When that does not get
   * ready, it is removed, the present one stays, with its settings, and the reason is thrown. The spare is renewed with it.
   */
  async replace(settings = this.#settings, reason: AskedRestart = 'reload'): Promise<void> {
    // One that holds too much memory may be making room already.
    while (this.#replacing) await this.#replacing.over.catch(() => {});
    await this.#replace(settings, reason);
  }

  /**
   * The process that serves is to be ended because of what is wrong with it, and another one comes in its place, at the pace of the
   * restart policy. With held sockets that begins at once, beside the end; for too much memory, and where the new process says
   * itself that it is ready, it is ready before the old one is told to stop. Has no effect on a child that is not serving.
   * `isDeaf`: it hears nothing but SIGKILL.
   */
  condemn(reason: string, kind: Condemnation, isDeaf = false): void {
    const run = this.#processes.serving;
    if (!run || !this.#state.isServing) return;
    const failure = condemnedFailure(this.settings.name, run, kind, reason);
    if (kind === 'memory' && canOverlap(this.settings.sockets, this.settings.readiness)) {
      // Nor when another one is on its way already, for whatever reason.
      if (!this.#isRelieving && !this.#replacing) void this.#activities.do(this.#relieve(run, failure));
      return;
    }
    this.#watching?.close();
    this.#state.moveTo('stopping', reason);
    if (this.settings.sockets.length > 0) {
      this.#processes.serving = undefined;
      void this.#activities.do(this.#recover(failure));
    } else {
      this.#condemnation = failure;
    }
    // Nor may it accept once more when it wakes up.
    if (isDeaf) run.kill();
    else void this.#processes.end(run);
  }

  /** From now on no process is started any more: one that is not ready yet is ended, one that serves goes on until `stop`. */
  retire(): void {
    this.#activities.stop(stopError(this.settings.name));
  }

  /** Ends the child for good, in its own way within its own limit. Resolves when nothing of it is left. */
  async stop(reason: string): Promise<void> {
    this.#stopping ??= this.#stop(reason);
    await this.#stopping;
  }

  /** Ends its processes at once. */
  kill(): void {
    this.retire();
    this.#processes.kill();
  }

  async #stop(reason: string): Promise<void> {
    this.retire();
    this.#watching?.close();
    if (this.#processes.serving) {
      if (this.#state.current !== 'stopping') this.#state.moveTo('stopping', reason);
      await this.#processes.end(this.#processes.serving);
    }
    await this.#activities.settled();
    await this.#processes.emptied();
    if (!this.#state.isOneOf('failed', 'completed', 'stopped')) this.#state.moveTo('stopped', reason);
  }

  /** From no process to a ready one, or a completed task. Leaves no process behind when it throws. */
  async #begin(reason: string, asked?: AskedRestart, attempt = this.#activities.attempt): Promise<void> {
    attempt.throwIfAborted();
    this.#state.moveTo('starting', reason);
    const { settings } = this;
    await this.#surroundings.prepared(settings);
    // While a release is tried, its files may be where the old ones were.
    const run = await this.#processes.bring(settings, this.#replacing?.old.script);
    if (!attempt.aborted) this.#processes.serving = run;
    await this.#processes.untilReady(run, settings, attempt, () => {
      if (asked) this.#recovery.count(asked);
      if (settings.task) return this.#state.moveTo('completed', 'exited with code 0');
      this.#state.moveTo('ready', 'ready');
      this.#watch(run);
    });
  }

  async #replace(settings: ChildSettings, reason: AskedRestart | 'memory'): Promise<void> {
    this.#activities.stopped.throwIfAborted();
    const { name } = this.settings;
    const old = this.#processes.serving;
    if (!old || !this.#state.isServing) {
      const message = `Child "${name}" cannot be replaced: it is ${this.#state.current}`;
      throw new SupervisorError('CHILD_NOT_READY', message, { child: name });
    }
    let former = old;
    const takeOver = async (): Promise<void> => {
      const run = await (reason === 'memory'
        ? this.#processes.bring(settings)
        : this.#processes.launch(settings));
      await this.#processes.untilReady(run, settings, this.#activities.stopped, () => {
        // The old one may have ended meanwhile, and another one serve, or be on its way.
        former = this.#processes.serving ?? old;
        this.#activities.supersede();
        if (reason !== 'memory') this.adopt(settings);
        this.#processes.serving = run;
        this.#recovery.count(reason);
        this.#state.moveTo('ready', `took the place of process ${old.pid}`);
        this.#watch(run);
      });
    };
    const over = this.#activities.do(takeOver());
    this.#replacing = { old, over };
    try {
      await over;
    } finally {
      this.#replacing = undefined;
    }
    await this.#activities.do(Promise.all([old, former].map(async (run) => this.#processes.end(run))));
  }

  /** A process that holds too much goes on until another one is ready, which may be the spare. */
  async #relieve(run: Run, failure: Failure): Promise<void> {
    this.#recovery.note(failure);
    const delayMs = this.#recovery.nextDelay();
    if (delayMs === undefined) {
      this.#watching?.close();
      this.#processes.serving = undefined;
      this.#giveUp(await failure.error);
      return this.#processes.end(run);
    }
    this.#isRelieving = true;
    try {
      await this.#activities.pause(this.#processes.spare?.standsBy ? 0 : delayMs);
      // Somebody else may have replaced it in the meantime, or be about to.
      if (run !== this.#processes.serving || this.#replacing) return;
      await this.#replace(this.settings, 'memory');
    } catch (error) {
      // The old process goes on, and is too large at the next look as well.
      if (!this.#activities.stopped.aborted) this.#recovery.note(startFailure(error));
    } finally {
      this.#isRelieving = false;
    }
  }

  #watch(run: Run): void {
    this.#watching?.close();
    this.#condemnation = undefined;
    this.#recovery.succeeded();
    const target = this.#processes.checkTarget(this.settings);
    this.#watching = new Watch(run, this.settings, target, this.#surroundings.events, {
      healthy: () => {
        if (this.#state.current === 'unhealthy') this.#state.moveTo('ready', 'healthy again');
      },
      unhealthy: (reason) => {
        if (this.#state.current === 'ready') this.#state.moveTo('unhealthy', reason);
      },
      condemned: (reason, kind, isDeaf) => this.condemn(reason, kind, isDeaf),
    });
    this.#processes.spare?.keep();
  }

  /** A process is gone: with held sockets in that very moment, else when nothing is left that might have its port. */
  #onGone(run: Run, exit: RunExit): void {
    if (run !== this.#processes.serving) return;
    const condemnation = this.#condemnation;
    this.#condemnation = undefined;
    this.#processes.serving = undefined;
    this.#watching?.close();
    // While it starts or stops, whoever waits for that deals with the end; a ready or an unhealthy child is ours.
    if (this.#state.isOneOf('starting', 'completed')) return;
    if (this.#activities.stopped.aborted) {
      // Before its turn to be stopped has come.
      if (this.#state.current !== 'stopping') this.#state.moveTo('stopped', describeEnd(exit));
      return;
    }
    void this.#activities.do(this.#recover(condemnation ?? exitFailure(this.settings, run, exit)));
  }

  async #recover(failure: Failure): Promise<void> {
    const { attempt } = this.#activities;
    await this.#recovery.run(failure, attempt, {
      backOff: (reason) => this.#state.moveTo('backing off', reason),
      start: async (reason) => this.#begin(reason, undefined, attempt),
      giveUp: (error) => this.#giveUp(error),
      hasSpare: () => this.#processes.spare?.standsBy ?? false,
      pause: async (delayMs) => this.#activities.pause(delayMs, attempt),
    });
  }

  #giveUp(cause: SupervisorError): void {
    const error = giveUpError(this.settings, cause);
    this.#processes.spare?.drop();
    this.#state.moveTo('failed', withoutLastWords(error.message));
    this.#surroundings.events.emit('failed', { child: this.settings.name, error });
  }
}
