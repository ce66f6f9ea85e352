import { ShutdownError } from './errors.ts';
import type { HookReport } from './report.ts';
import { runHook } from './run-hook.ts';
import { TimeLimit } from './time-limit.ts';

/** What a cleanup hook is told. */
export interface HookContext {
  /** Why the process ends, as in `ShutdownReport.reason`. */
  readonly reason: string;
  /** Aborts when the hook's time is over or the shutdown is forced; its `reason` is a `ShutdownError`. */
  readonly signal: AbortSignal;
}

/** Cleans up one thing. May be asynchronous, except in the stage `exit`. */
export type ShutdownHook = (context: HookContext) => unknown;

/**
 * When a hook runs:
 * - `signal`: as soon as the shutdown begins; the servers accept until these hooks have ended (deregister, stop consuming);
 * - `drained`: when no connection is left (close pools);
 * - `exit`: synchronously in the very last moment, whatever the way out, `process.exit()` by somebody else included.
 */
export type HookStage = 'signal' | 'drained' | 'exit';

export interface Hook {
  readonly name: string;
  readonly run: ShutdownHook;
  readonly stage: HookStage;
  readonly phase: number;
  readonly timeoutMs: number;
}

/** Hooks of all stages, each run once: phase after phase, those of one phase at the same time. */
export class Hooks {
  #waiting: Hook[] = [];
  readonly #running = new Set<TimeLimit>();
  #longestMs = Infinity;
  #forced: ShutdownError | undefined;

  /** Returns a function that takes the hook back. */
  add(hook: Hook): () => void {
    this.#waiting.push(hook);
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== hook);
    };
  }

  has(stage: HookStage): boolean {
    return this.#waiting.some((hook) => hook.stage === stage);
  }

  /** Takes those of a stage out. Phases ascend; in a phase, the first added comes first. */
  take(stage: HookStage): Hook[] {
    const taken = this.#waiting.filter((hook) => hook.stage === stage);
    this.#waiting = this.#waiting.filter((hook) => hook.stage !== stage);
    return taken.toSorted((one, other) => one.phase - other.phase);
  }

  async run(stage: HookStage, reason: string): Promise<HookReport[]> {
    const hooks = this.take(stage);
    const reports: HookReport[] = [];
    for (const phase of new Set(hooks.map((hook) => hook.phase))) {
      const together = hooks.filter((hook) => hook.phase === phase);
      reports.push(...(await Promise.all(together.map((hook) => this.#runOne(hook, reason)))));
    }
    return reports;
  }

  /** From here on, no hook gets more than this. */
  hurry(longestMs: number): void {
    this.#longestMs = longestMs;
    for (const limit of this.#running) limit.endWithin(longestMs);
  }

  /** Waits for none any longer. */
  force(): void {
    this.#forced = new ShutdownError('ERR_SHUTDOWN_FORCED', 'A second signal forced the shutdown');
    for (const limit of this.#running) limit.end(this.#forced);
  }

  async #runOne(hook: Hook, reason: string): Promise<HookReport> {
    const { name, stage } = hook;
    if (this.#forced) return { name, stage, outcome: 'skipped', durationMs: 0 };
    const limit = new TimeLimit(
      (limitMs) =>
        new ShutdownError('ERR_HOOK_TIMEOUT', `Cleanup hook "${name}" did not finish within ${limitMs} ms`),
    );
    limit.endWithin(Math.min(hook.timeoutMs, this.#longestMs));
    this.#running.add(limit);
    const report = await runHook(hook, reason, limit);
    this.#running.delete(limit);
    return report;
  }
}
