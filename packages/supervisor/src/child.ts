import type { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkTarget } from './check-target.ts';
import { exitError, firstLine, giveUpError, stopError } from './child-errors.ts';
import { SupervisorError } from './errors.ts';
import type { SupervisorEvents } from './events.ts';
import type { Family } from './family/family.ts';
import type { CheckTarget } from './health-check/health-check.ts';
import type { HeldSocket } from './listener.ts';
import type { Outputs } from './output/outputs.ts';
import type { ProcessUsage } from './process-usage.ts';
import { becomeReady, describeEnd } from './readiness.ts';
import { RestartPolicy } from './restart-policy.ts';
import { Run, type RunEnd } from './run.ts';
import type { ChildSettings } from './settings.ts';
import { mayMove, type ChildState } from './states.ts';
import { Watch } from './watch.ts';
import { describeBlockedLoop } from './blocked-loop/loop-monitor.ts';

/** What a child is at this moment. */
export interface ChildStatus {
  readonly name: string;
  readonly state: ChildState;
  /** When it came into this state. */
  readonly since: Date;
  readonly pid: number | undefined;
  readonly port: number | undefined;
  /** How often it was started again. */
  readonly restarts: number;
  readonly restartsByReason: Readonly<Record<RestartReason, number>>;
  /** When the present process got ready. */
  readonly readyAt: Date | undefined;
  /** A second process stands by to take over at once. */
  readonly spare: boolean;
  /** How long the last health check took. */
  readonly healthLatencyMs: number | undefined;
  /** The longest delay of its event loop in the last ten heartbeats, or what it is late by at the moment. */
  readonly loopLagMs: number | undefined;
  /** Memory of the present process, where the system shows it. */
  readonly rssBytes: number | undefined;
  /** Processor time of the present process. */
  readonly cpuSeconds: number | undefined;
  /** The last failure, with the last words. */
  readonly lastError: SupervisorError | undefined;
}

/** What a child knows of itself; the rest knows the system. */
export type OwnStatus = Omit<ChildStatus, keyof ProcessUsage>;

/** Why a process was replaced: it ended, we ended it for what was wrong with it, or somebody asked for it. */
export type RestartReason = 'exit' | 'unhealthy' | 'blocked' | 'memory' | 'reload' | 'told';

/** What a child needs of its supervisor. */
export interface ChildSurroundings {
  /** Those that a process with these settings inherits. */
  sockets(settings: ChildSettings): readonly HeldSocket[];
  readonly family: Family;
  /** Resolves when sockets are bound and the family is guarded. */
  prepared(settings: ChildSettings): Promise<void>;
  readonly events: EventEmitter<SupervisorEvents>;
  readonly outputs: Outputs;
}

/** One child: its states, and the process that it has at the moment. */
export class Child {
  readonly #surroundings: ChildSurroundings;
  #settings: ChildSettings;
  #policy: RestartPolicy | undefined;
  /** Aborted when the child is told to stop, or retired: ends every wait, and no process is started any more. */
  #stopped = new AbortController();
  #state: ChildState = 'stopped';
  #since = new Date();
  #restarts = 0;
  readonly #restartsByReason = { exit: 0, unhealthy: 0, blocked: 0, memory: 0, reload: 0, told: 0 };
  #endReason: RestartReason = 'exit';
  #lastError: SupervisorError | undefined;
  #run: Run | undefined;
  /** The process that is to take the place of `#run` when it is ready. */
  #replacement: Run | undefined;
  #isReplacing = false;
  #isKilled = false;
  #readyAt = 0;
  #watching: Watch | undefined;
  /** What starts, restarts or replaces the child at the moment. */
  #activity: Promise<void> = Promise.resolve();
  #stopping: Promise<void> | undefined;

  constructor(settings: ChildSettings, surroundings: ChildSurroundings) {
    this.#settings = settings;
    this.#surroundings = surroundings;
    this.#policy = settings.restart ? new RestartPolicy(settings.restart) : undefined;
  }

  /** What its processes are started with; during a replacement still that of the old one. */
  get settings(): ChildSettings {
    return this.#settings;
  }

  /** From the next process on it has these settings, and a new chance: what it went through before counts no more. */
  adopt(settings: ChildSettings): void {
    this.#settings = settings;
    this.#policy = settings.restart ? new RestartPolicy(settings.restart) : undefined;
  }

  /** One that was stopped may be started again. */
  revive(settings = this.#settings): void {
    this.adopt(settings);
    this.#stopped = new AbortController();
    this.#stopping = undefined;
  }

  status(): OwnStatus {
    const { child: name, port } = this.#checkTarget();
    const pid = this.#run?.pid;
    const { healthLatencyMs, loopLagMs } = this.#watching?.figures ?? {};
    return {
      name,
      state: this.#state,
      since: this.#since,
      pid,
      port,
      restarts: this.#restarts,
      restartsByReason: { ...this.#restartsByReason },
      readyAt: undefined,
      spare: false,
      healthLatencyMs,
      loopLagMs,
      lastError: this.#lastError,
    };
  }

  /** Ready, or completed, when it resolves; else the child is `failed` and the reason is thrown. There is no second try. */
  async start(reason = 'started'): Promise<void> {
    const started = this.#begin(reason).catch((error: SupervisorError) => {
      if (this.#stopped.signal.aborted) throw error;
      this.#moveTo('failed', error.message);
      throw error;
    });
    // Whoever stops the child waits for this too, but the failure is for the caller alone.
    this.#activity = started.catch(() => {});
    await started;
  }

  /** Starts, and when that fails tries again as after a crash. */
  startPersistently(): void {
    this.#activity = this.#begin('started').catch((error: SupervisorError) => this.#recover(error));
  }

  /**
   * Puts a new process in the place of the present one, which is stopped as soon as the new one is ready. When that does not get
   * ready, it is removed, the present one stays, with its settings, and the reason is thrown.
   */
  async replace(settings = this.#settings): Promise<void> {
    const replaced = this.#replace(settings);
    this.#activity = replaced.catch(() => {});
    await replaced;
  }

  /** From now on no process is started any more: one that is not ready yet is ended, one that serves goes on until `stop`. */
  retire(): void {
    this.#stopped.abort(stopError(this.settings.name));
  }

  /** Ends the child for good, in its own way within its own limit. Resolves when nothing of it is left. */
  async stop(reason: string): Promise<void> {
    this.#stopping ??= this.#stop(reason);
    await this.#stopping;
  }

  /** Ends its processes at once. */
  kill(): void {
    this.#isKilled = true;
    this.retire();
    this.#run?.kill();
    this.#replacement?.kill();
  }

  async #stop(reason: string): Promise<void> {
    this.retire();
    this.#watching?.close();
    if (this.#run) {
      if (this.#state !== 'stopping') this.#moveTo('stopping', reason);
      const { stopSignal, stopTimeoutMs } = this.settings;
      await this.#run.stop(stopSignal, stopTimeoutMs);
    }
    await this.#activity;
    if (this.#state !== 'failed' && this.#state !== 'completed' && this.#state !== 'stopped') {
      this.#moveTo('stopped', reason);
    }
  }

  /** From no process to a ready one, or a completed task. Leaves no process behind when it throws. */
  async #begin(reason: string): Promise<void> {
    this.#stopped.signal.throwIfAborted();
    this.#moveTo('starting', reason);
    await this.#surroundings.prepared(this.settings);
    await this.#startRun(this.settings, {
      started: (run) => (this.#run = run),
      ready: (run) => {
        if (this.settings.task) return this.#moveTo('completed', 'exited with code 0');
        this.#moveTo('ready', 'ready');
        this.#watch(run);
      },
    });
  }

  async #replace(settings: ChildSettings): Promise<void> {
    this.#stopped.signal.throwIfAborted();
    const { name, stopSignal, stopTimeoutMs } = this.settings;
    const old = this.#run;
    if (!old || (this.#state !== 'ready' && this.#state !== 'unhealthy')) {
      const message = `Child "${name}" cannot be replaced: it is ${this.#state}`;
      throw new SupervisorError('CHILD_NOT_READY', message, { child: name });
    }
    this.#isReplacing = true;
    try {
      await this.#startRun(settings, {
        started: (run) => (this.#replacement = run),
        ready: (run) => {
          this.adopt(settings);
          this.#run = run;
          this.#watching?.close();
          this.#moveTo('ready', `took the place of process ${old.pid}`);
          this.#watch(run);
        },
      });
    } catch (error) {
      // The old process did not live to see it: then this was a failed start like any other.
      if (!this.#run) this.#activity = this.#recover(error as SupervisorError);
      throw error;
    } finally {
      this.#isReplacing = false;
      this.#replacement = undefined;
    }
    await old.stop(stopSignal, stopTimeoutMs);
  }

  /** A process that is ready, or a task that has completed. Leaves none behind when it throws. */
  async #startRun(
    settings: ChildSettings,
    on: { started(run: Run): void; ready(run: Run): void },
  ): Promise<void> {
    const { family, outputs } = this.#surroundings;
    const run = await Run.start(
      settings,
      this.#surroundings.sockets(settings),
      family,
      this.#stopped.signal,
      outputs,
    );
    on.started(run);
    if (this.#isKilled) run.kill();
    void run.ended.then((end) => this.#onEnd(run, end));
    try {
      await becomeReady(run, settings, this.#checkTarget(settings), this.#stopped.signal);
      // It may have ended in the very moment in which it got ready.
      if (!settings.task && run.hasExited) throw exitError(settings.name, await run.ended);
      // Nor may a stop come between this and the state: it would miss the process.
      this.#stopped.signal.throwIfAborted();
      on.ready(run);
    } catch (error) {
      await run.stop(settings.stopSignal, settings.stopTimeoutMs);
      throw error;
    }
  }

  #watch(run: Run): void {
    const { unhealthyThreshold, stopSignal, stopTimeoutMs } = this.settings;
    this.#readyAt = performance.now();
    this.#watching = new Watch(run, this.settings, this.#checkTarget(), {
      healthy: () => {
        if (this.#state === 'unhealthy') this.#moveTo('ready', 'healthy again');
      },
      failing: (error, failures) => {
        const reason = error instanceof Error ? error.message : String(error);
        if (this.#state === 'ready') this.#moveTo('unhealthy', reason);
        if (failures < unhealthyThreshold) return;
        this.#watching?.close();
        this.#endReason = 'unhealthy';
        this.#moveTo('stopping', `${reason} (${failures} of ${unhealthyThreshold})`);
        void run.stop(stopSignal, stopTimeoutMs);
      },
      blocked: ({ hasRecovered, ...loop }) => {
        this.#watching?.close();
        this.#surroundings.events.emit('blocked', { child: this.settings.name, pid: run.pid, ...loop });
        this.#moveTo('stopping', describeBlockedLoop(loop));
        this.#endReason = 'blocked';
        // A blocked loop hears no other signal.
        void run.stop(hasRecovered ? stopSignal : 'SIGKILL', stopTimeoutMs);
      },
    });
  }

  #onEnd(run: Run, end: RunEnd): void {
    this.#surroundings.events.emit('exit', { child: this.settings.name, pid: run.pid, ...end });
    if (run !== this.#run) return;
    this.#run = undefined;
    this.#watching?.close();
    // While it starts or stops, whoever waits for that deals with the end; a ready or an unhealthy child is ours.
    if (this.#state === 'starting' || this.#state === 'completed') return;
    if (this.#stopped.signal.aborted) {
      // Before its turn to be stopped has come.
      if (this.#state !== 'stopping') this.#moveTo('stopped', describeEnd(end));
      return;
    }
    if (this.#isReplacing) return this.#moveTo('starting', 'it ended before its replacement was ready');
    this.#activity = this.#recover(exitError(this.settings.name, end));
  }

  /** From a failure to a ready child again, however many tries that takes; or to `failed`. */
  async #recover(failure: SupervisorError): Promise<void> {
    for (let error = failure; ;) {
      if (this.#stopped.signal.aborted) return;
      this.#lastError = error;
      const delayMs = this.#policy?.next(this.#readyAt === 0 ? 0 : performance.now() - this.#readyAt);
      this.#readyAt = 0;
      if (delayMs === undefined) return this.#giveUp(error);
      this.#moveTo('backing off', `${firstLine(error)}; next start in ${delayMs} ms`);
      try {
        await sleep(delayMs, undefined, { signal: this.#stopped.signal });
        this.#restarts += 1;
        this.#restartsByReason[this.#endReason] += 1;
        this.#endReason = 'exit';
        return await this.#begin(`restart ${this.#restarts}`);
      } catch (next) {
        error = next as SupervisorError;
      }
    }
  }

  #giveUp(cause: SupervisorError): void {
    const error = giveUpError(this.settings, cause);
    this.#moveTo('failed', firstLine(error));
    this.#surroundings.events.emit('failed', { child: this.settings.name, error });
  }

  #checkTarget(settings = this.#settings): CheckTarget {
    return checkTarget(settings, this.#surroundings.sockets(settings));
  }

  /** The only place where the state changes. */
  #moveTo(to: ChildState, reason: string): void {
    const from = this.#state;
    const { name: child } = this.#settings;
    if (!mayMove(from, to)) throw new Error(`Child "${child}" cannot move from ${from} to ${to}`);
    this.#state = to;
    this.#since = new Date();
    this.#surroundings.events.emit('state', { child, pid: this.#run?.pid, from, to, reason });
  }
}
