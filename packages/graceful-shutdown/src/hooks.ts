import { ShutdownError } from './errors.ts';
import type { HookReport } from './report.ts';

/** What a cleanup hook is told. */
export interface HookContext {
  /** Why the process ends, as in `ShutdownReport.reason`. */
  readonly reason: string;
  /** Aborts when the hook's time is over or the shutdown is forced; its `reason` is a `ShutdownError`. */
  readonly signal: AbortSignal;
}

/** Cleans up one thing. May be asynchronous. */
export type ShutdownHook = (context: HookContext) => unknown;

interface Hook {
  readonly name: string;
  readonly run: ShutdownHook;
  readonly timeoutMs: number;
}

interface RunOptions {
  readonly reason: string;
  /** No hook gets more than this, asked before each. */
  longestMs(): number;
  /** Ends all waiting at once. */
  readonly forced: AbortSignal;
}

/** Cleanup hooks, run one after the other, the last registered first: what was opened last depends on what was opened before. */
export class Hooks {
  readonly #hooks: Hook[] = [];

  /** Returns a function that takes the hook back. */
  add(hook: Hook): () => void {
    this.#hooks.push(hook);
    return () => {
      const index = this.#hooks.indexOf(hook);
      if (index !== -1) this.#hooks.splice(index, 1);
    };
  }

  async run(options: RunOptions): Promise<HookReport[]> {
    const reports: HookReport[] = [];
    for (let hook = this.#hooks.pop(); hook; hook = this.#hooks.pop())
      reports.push(await runHook(hook, options));
    return reports;
  }
}

async function runHook({ name, run, timeoutMs }: Hook, options: RunOptions): Promise<HookReport> {
  if (options.forced.aborted) return { name, outcome: 'skipped', durationMs: 0 };
  const startedAt = performance.now();
  const limitMs = Math.min(timeoutMs, options.longestMs());
  const abort = new AbortController();
  const late = new ShutdownError(
    'ERR_HOOK_TIMEOUT',
    `Cleanup hook "${name}" did not finish within ${limitMs} ms`,
  );
  const timer = setTimeout(() => abort.abort(late), limitMs);
  const onForced = (): void => abort.abort(options.forced.reason);
  options.forced.addEventListener('abort', onForced, { once: true });
  const report = (outcome: HookReport['outcome'], error?: Error): HookReport => ({
    name,
    outcome,
    durationMs: performance.now() - startedAt,
    ...(error && { error }),
  });
  try {
    // The race also takes the rejection of a hook that fails after its time.
    const work = (async () => run({ reason: options.reason, signal: abort.signal }))();
    await Promise.race([work, rejectionOf(abort.signal)]);
    return report('done');
  } catch (error) {
    if (error === late) return report('timed-out', late);
    if (options.forced.aborted) return report('abandoned');
    return report(
      'failed',
      new ShutdownError('ERR_HOOK_FAILED', `Cleanup hook "${name}" failed`, { cause: error }),
    );
  } finally {
    clearTimeout(timer);
    options.forced.removeEventListener('abort', onForced);
  }
}

function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
