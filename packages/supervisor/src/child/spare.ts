import type { EventEmitter } from 'node:events';
import { nowMs } from '../clock.ts';
import { SupervisorError } from '../errors.ts';
import type { SpareEvent, SupervisorEvents } from '../events.ts';
import { describeBlockedLoop, LoopMonitor } from '../heartbeat/loop-monitor.ts';
import type { RestartOptions } from '../options/options.ts';
import type { ChildSettings } from '../options/settings.ts';
import { locateScript } from '../run/locate.ts';
import type { Run } from '../run/run.ts';
import { condemnedError, endError } from './child-errors.ts';
import { becomeSpare } from './readiness.ts';
import { RestartPolicy } from './restart-policy.ts';

/** What a spare needs of its child. */
export interface SpareSurroundings {
  readonly events: EventEmitter<SupervisorEvents>;
  /** Aborted when the child is to start no process any more. */
  readonly stopped: AbortSignal;
  /** Creates a process that waits for `go` before it listens. */
  launch(): Promise<Run>;
}

/**
 * A second process of a child, started up to its `listen`, which it does when it is told to go.
 *
 * ```
 * none ──▶ pausing ──▶ starting ──▶ standing by ──▶ (taken: it is the child's process) ──▶ none
 *             ▲            │             │
 *             └────────────┴─────────────┘  failed, ended by itself, blocked, renewed
 * ```
 */
export class Spare {
  readonly #child: ChildSettings;
  readonly #surroundings: SpareSurroundings;
  /** A spare is never given up, but one that fails again and again is tried less and less often. */
  readonly #policy: RestartPolicy;
  #phase: 'none' | 'pausing' | 'starting' | 'standing by' = 'none';
  #run: Run | undefined;
  /** Counts the spares there were: what is heard of an earlier one does not matter any more. */
  #turn = 0;
  #standsBySince = 0;
  #timer: NodeJS.Timeout | undefined;
  #loop: LoopMonitor | undefined;

  constructor(child: ChildSettings, restart: Required<RestartOptions>, surroundings: SpareSurroundings) {
    this.#child = child;
    this.#surroundings = surroundings;
    this.#policy = new RestartPolicy({ ...restart, maxRestarts: Number.POSITIVE_INFINITY });
    surroundings.stopped.addEventListener('abort', this.drop, { once: true });
  }

  get pid(): number | undefined {
    return this.#run?.pid;
  }

  get standsBy(): boolean {
    return this.#phase === 'standing by';
  }

  /** Has one soon, unless there is one. Not at once: the child that has just got ready needs the machine. */
  keep(): void {
    if (this.#phase === 'none') this.#startAfter(PAUSE_MS);
  }

  /** Ends what there is of one. There may be another one later. */
  readonly drop = (): void => {
    clearTimeout(this.#timer);
    const run = this.#run;
    this.#forget();
    if (run) this.#end(run);
  };

  /** Ends it for good. */
  close(): void {
    this.#surroundings.stopped.removeEventListener('abort', this.drop);
    this.drop();
  }

  /**
   * Tells it to go and gives it away. One that is still starting goes as well: nobody would be quicker. None when there is none,
   * when the script's name leads to another file than `script` by now, or when it does not answer: then it is ended.
   */
  async take(script = presentScript(this.#child)): Promise<Run | undefined> {
    const run = this.#run;
    if (!run || run.hasExited) return undefined;
    if (run.script !== script) {
      this.#report(run.pid, 'stale');
      this.drop();
      return undefined;
    }
    const { standsBy } = this;
    this.#forget();
    if (await run.promote(standsBy ? ANSWER_LIMIT_MS : undefined)) {
      this.#report(run.pid, 'promoted');
      return run;
    }
    // It could accept as soon as it wakes up.
    run.kill();
    const { name: child } = this.#child;
    const message = `The spare of child "${child}" did not answer`;
    this.#report(run.pid, 'failed', { error: new SupervisorError('CHILD_NOT_READY', message, { child }) });
    return undefined;
  }

  #startAfter(delayMs: number): void {
    if (this.#surroundings.stopped.aborted) return;
    this.#phase = 'pausing';
    this.#timer = setTimeout(() => void this.#start(), delayMs);
  }

  async #start(): Promise<void> {
    this.#phase = 'starting';
    const turn = this.#turn;
    try {
      const run = await this.#surroundings.launch();
      if (turn !== this.#turn) return this.#end(run);
      this.#run = run;
      await becomeSpare(run, this.#child, this.#surroundings.stopped);
      await run.entered;
      if (turn !== this.#turn) return;
      this.#phase = 'standing by';
      this.#standsBySince = nowMs();
      this.#report(run.pid, 'standing by');
      throw await this.#unfit(run);
    } catch (error) {
      if (turn === this.#turn) this.#fail(error as SupervisorError);
    }
  }

  /** Why it can take over no more, as soon as that is so. One whose loop stands still would be told to go in vain. */
  async #unfit(run: Run): Promise<SupervisorError> {
    const { name, heartbeatTimeoutMs } = this.#child;
    const { heartbeat } = run.channels;
    const ended = run.ended.then(async (end) => endError(this.#child, end));
    if (!heartbeat || heartbeatTimeoutMs === false) return ended;
    const blocked = new Promise<SupervisorError>((resolve) => {
      const { pid, notices } = run;
      this.#loop = new LoopMonitor({ pid, heartbeat, notices }, heartbeatTimeoutMs, (loop) =>
        resolve(condemnedError(name, 'blocked', describeBlockedLoop(loop), run.lastLines)),
      );
    });
    return Promise.race([ended, blocked]);
  }

  #fail(error: SupervisorError): void {
    const stoodByMs = this.standsBy ? nowMs() - this.#standsBySince : 0;
    const nextStartMs = PAUSE_MS + (this.#policy.next(stoodByMs) ?? 0);
    this.#report(this.pid, 'failed', { error, nextStartMs });
    this.drop();
    this.#startAfter(nextStartMs);
  }

  #forget(): void {
    this.#loop?.close();
    this.#turn += 1;
    this.#phase = 'none';
    this.#run = undefined;
  }

  /** It serves nobody, so it gets little time, whatever its handlers wait for. */
  #end(run: Run): void {
    const { stopSignal, stopTimeoutMs } = this.#child;
    void run.stop(stopSignal, Math.min(stopTimeoutMs, STOP_LIMIT_MS));
  }

  #report(pid: number | undefined, what: SpareEvent['what'], details: Partial<SpareEvent> = {}): void {
    this.#surroundings.events.emit('spare', { ...details, child: this.#child.name, pid, what });
  }
}

const PAUSE_MS = 250;
const STOP_LIMIT_MS = 1_000;
/** Some fifty times as long as it takes. */
const ANSWER_LIMIT_MS = 1_000;

function presentScript(child: ChildSettings): string | undefined {
  try {
    return locateScript(child);
  } catch {
    return undefined; // There is none: the child's own next start says so.
  }
}
