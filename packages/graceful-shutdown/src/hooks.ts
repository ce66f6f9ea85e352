import type { HookReport } from './report.ts';
import { runHook, type RunOptions } from './run-hook.ts';

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

/** The hooks of one stage, each run once: phase after phase, those of one phase at the same time. */
export class Hooks {
  readonly #hooks: Hook[] = [];

  get size(): number {
    return this.#hooks.length;
  }

  /** Returns a function that takes the hook back. */
  add(hook: Hook): () => void {
    this.#hooks.push(hook);
    return () => {
      const index = this.#hooks.indexOf(hook);
      if (index !== -1) this.#hooks.splice(index, 1);
    };
  }

  /** Empties the list. Phases ascend; in a phase, the first added comes first. */
  take(): Hook[] {
    return this.#hooks.splice(0).toSorted((one, other) => one.phase - other.phase);
  }

  async run(options: RunOptions): Promise<HookReport[]> {
    const hooks = this.take();
    const reports: HookReport[] = [];
    for (const phase of new Set(hooks.map((hook) => hook.phase))) {
      const together = hooks.filter((hook) => hook.phase === phase);
      reports.push(...(await Promise.all(together.map((hook) => runHook(hook, options)))));
    }
    return reports;
  }
}
