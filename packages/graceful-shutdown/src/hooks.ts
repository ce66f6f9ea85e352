import { ShutdownError, unfinished } from './errors.ts';
import type { HookReport } from './report.ts';
import { runHook } from './run-hook.ts';
import { newTimeLimit, type TimeLimit } from './time-limit.ts';

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
export interface Hooks {
  /** Returns a function that takes the hook back. */
  add(hook: Hook): () => void;
  has(stage: HookStage): boolean;
  /** Takes those of a stage out. Phases ascend; in a phase, the first added comes first. */
  take(stage: HookStage): Hook[];
  run(stage: HookStage, reason: string): Promise<HookReport[]>;
  /** From here on, no hook gets more than this. */
  hurry(longestMs: number): void;
  /** Waits for none any longer. */
  force(): void;
}

export function newHooks(): Hooks {
  const waiting = new Set<Hook>();
  const running = new Set<TimeLimit>();
  let longestMs = Infinity;
  let forced: ShutdownError | undefined;

  const take = (stage: HookStage): Hook[] => {
    const taken = [...waiting].filter((hook) => hook.stage === stage);
    for (const hook of taken) waiting.delete(hook);
    return taken.toSorted((one, other) => one.phase - other.phase);
  };

  const runOne = async (hook: Hook, reason: string): Promise<HookReport> => {
    const { name, stage } = hook;
    if (forced) return { name, stage, outcome: 'skipped', durationMs: 0 };
    const limit = newTimeLimit((limitMs) =>
      unfinished('ERR_HOOK_TIMEOUT', `Cleanup hook "${name}"`, limitMs),
    );
    limit.endWithin(Math.min(hook.timeoutMs, longestMs));
    running.add(limit);
    const report = await runHook(hook, reason, limit);
    running.delete(limit);
    return report;
  };

  return {
    add(hook) {
      waiting.add(hook);
      return () => void waiting.delete(hook);
    },
    has: (stage) => [...waiting].some((hook) => hook.stage === stage),
    take,
    async run(stage, reason) {
      const hooks = take(stage);
      const reports: HookReport[] = [];
      for (const phase of new Set(hooks.map((hook) => hook.phase))) {
        const together = hooks.filter((hook) => hook.phase === phase);
        reports.push(...(await Promise.all(together.map((hook) => runOne(hook, reason)))));
      }
      return reports;
    },
    hurry(limitMs) {
      longestMs = limitMs;
      for (const limit of running) limit.endWithin(limitMs);
    },
    force() {
      forced = new ShutdownError('ERR_SHUTDOWN_FORCED', 'A second signal forced the shutdown');
      for (const limit of running) limit.end(forced);
    },
  };
}
