import { existsSync } from 'node:fs';
import { checkTarget } from '../health-check/check-target.ts';
import type { CheckTarget } from '../health-check/health-check.ts';
import type { ChildSettings } from '../options/settings.ts';
import { Run, type RunExit } from '../run/run.ts';
import { endError } from './child-errors.ts';
import { becomeReady } from './readiness.ts';
import { Spare } from './spare.ts';
import type { ChildSurroundings } from './surroundings.ts';

/** The processes of one child: the one that serves, one that is to take its place, the spare, and those on their way out. */
export class ChildProcesses {
  /** The child's process, as far as others are concerned; it may be starting or stopping. */
  serving: Run | undefined;
  readonly #surroundings: ChildSurroundings;
  readonly #onGone: (run: Run, exit: RunExit) => void;
  /** All that have not quite ended, with what they were started with. */
  readonly #runs = new Map<Run, ChildSettings>();
  #stopped = AbortSignal.abort();
  #spare: Spare | undefined;
  #isKilled = false;

  /** `onGone`: another process may be started in the place of this one. */
  constructor(surroundings: ChildSurroundings, onGone: (run: Run, exit: RunExit) => void) {
    this.#surroundings = surroundings;
    this.#onGone = onGone;
  }

  get spare(): Spare | undefined {
    return this.#spare;
  }

  /** What spares are started with from now on; the present one is of an old release. `stopped`: no process may start any more. */
  adopt(settings: ChildSettings, stopped: AbortSignal): void {
    this.#stopped = stopped;
    this.#spare?.close();
    this.#spare = undefined;
    if (!settings.spare || !settings.restart) return;
    const launch = async (): Promise<Run> => this.launch(settings, true);
    const { events } = this.#surroundings;
    this.#spare = new Spare(settings, settings.restart, { events, stopped, launch });
  }

  /** The spare, told to go; else a new process. `script`: of this file, as long as it is there, whatever the name leads to by now. */
  async bring(settings: ChildSettings, script?: string): Promise<Run> {
    const spare = await this.#spare?.take(script);
    if (spare) return spare;
    return this.launch(script !== undefined && existsSync(script) ? { ...settings, script } : settings);
  }

  /** A new process in any case. */
  async launch(settings: ChildSettings, isSpare = false): Promise<Run> {
    const { family, outputs } = this.#surroundings;
    const run = await Run.start(
      settings,
      this.#surroundings.sockets(settings),
      family,
      this.#stopped,
      outputs,
      isSpare,
    );
    this.#runs.set(run, settings);
    if (this.#isKilled) run.kill();
    void this.#attend(run, settings);
    // What a process leaves behind may have its port, unless that is held.
    const gone: Promise<RunExit> = settings.sockets.length > 0 ? run.exited : run.ended;
    void gone.then((exit) => this.#onGone(run, exit));
    return run;
  }

  /**
   * Calls `onReady` when the process is ready, or the task has completed. Leaves no process behind when it throws, as it does when
   * `cancelled`.
   */
  async untilReady(
    run: Run,
    settings: ChildSettings,
    cancelled: AbortSignal,
    onReady: () => void,
  ): Promise<void> {
    try {
      await becomeReady(run, settings, this.checkTarget(settings), cancelled);
      // It may have ended in the very moment in which it got ready.
      if (!settings.task && run.hasExited) throw await endError(settings, await run.ended);
      // Nor may a stop come between this and the state: it would miss the process.
      cancelled.throwIfAborted();
      onReady();
    } catch (error) {
      await this.end(run);
      throw error;
    }
  }

  /** Ends a process in its own way, within its own limit. */
  async end(run: Run): Promise<void> {
    const settings = this.#runs.get(run);
    if (settings) await run.stop(settings.stopSignal, settings.stopTimeoutMs);
  }

  kill(): void {
    this.#isKilled = true;
    for (const run of this.#runs.keys()) run.kill();
  }

  /** Resolves when nothing is left of those that there are. */
  async emptied(): Promise<void> {
    await Promise.all([...this.#runs.keys()].map((run) => run.ended));
  }

  checkTarget(settings: ChildSettings): CheckTarget {
    return checkTarget(settings, this.#surroundings.sockets(settings));
  }

  async #attend(run: Run, settings: ChildSettings): Promise<void> {
    const end = await run.ended;
    this.#runs.delete(run);
    const event = { child: settings.name, pid: run.pid, ...end, spare: run.isSpare };
    this.#surroundings.events.emit('exit', event);
    if (!run.isSpare) this.#surroundings.exitHooks.run(event, settings);
  }
}
