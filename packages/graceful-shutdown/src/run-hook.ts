import { ShutdownError } from './errors.ts';
import { isHookExit, runInHook } from './exit-guard.ts';
import type { Hook } from './hooks.ts';
import type { HookReport } from './report.ts';

export interface RunOptions {
  readonly reason: string;
  /** No hook gets more than this; asked when a hook begins and when `hurried` aborts. */
  longestMs(): number;
  /** Something crashed: hooks that run now get no more than `longestMs` from here on. */
  readonly hurried: AbortSignal;
  /** Ends all waiting at once. */
  readonly forced: AbortSignal;
}

/** Runs one hook within its limit. Never rejects: whatever becomes of it is told by the report. */
export async function runHook(hook: Hook, options: RunOptions): Promise<HookReport> {
  const { name, stage } = hook;
  if (options.forced.aborted) return { name, stage, outcome: 'skipped', durationMs: 0 };
  const startedAt = performance.now();
  const limit = new HookLimit(hook, options);
  const report: Writable<HookReport> = { name, stage, outcome: 'done', durationMs: 0 };
  const fail = (error: unknown): void => {
    report.outcome = 'failed';
    report.error = hookFailure(name, error);
  };
  const running = {
    name,
    // Also after the hook has settled: something that it left behind may crash or exit.
    fail: (error: unknown): void => {
      if (report.outcome === 'done') fail(error);
      limit.end(error);
    },
  };
  try {
    // The race also takes the rejection of a hook that fails after its time.
    const work = runInHook(running, async () => hook.run({ reason: options.reason, signal: limit.signal }));
    await Promise.race([work, rejectionOf(limit.signal)]);
  } catch (error) {
    if (error === limit.late) {
      report.outcome = 'timed-out';
      report.error = limit.late;
    } else if (options.forced.aborted) report.outcome = 'abandoned';
    else fail(error);
  } finally {
    limit.clear();
    report.durationMs = performance.now() - startedAt;
  }
  return report;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

export function hookFailure(name: string, error: unknown): ShutdownError {
  if (isHookExit(error)) return error;
  return new ShutdownError('ERR_HOOK_FAILED', `Cleanup hook "${name}" failed`, { cause: error });
}

/** Aborts a hook's signal when its time is over, sooner after a crash, at once when the shutdown is forced. */
class HookLimit {
  readonly #abort = new AbortController();
  readonly #name: string;
  readonly #options: RunOptions;
  #timer: NodeJS.Timeout | undefined;
  #endsAt = Infinity;
  late: ShutdownError | undefined;

  constructor({ name, timeoutMs }: Hook, options: RunOptions) {
    this.#name = name;
    this.#options = options;
    this.#endWithin(Math.min(timeoutMs, options.longestMs()));
    options.hurried.addEventListener('abort', this.#onHurried, { once: true });
    options.forced.addEventListener('abort', this.#onForced, { once: true });
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  end(reason: unknown): void {
    this.#abort.abort(reason);
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#options.hurried.removeEventListener('abort', this.#onHurried);
    this.#options.forced.removeEventListener('abort', this.#onForced);
  }

  readonly #onHurried = (): void => this.#endWithin(this.#options.longestMs());
  readonly #onForced = (): void => this.end(this.#options.forced.reason);

  #endWithin(limitMs: number): void {
    const endsAt = performance.now() + limitMs;
    if (endsAt >= this.#endsAt) return;
    this.#endsAt = endsAt;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.late = new ShutdownError(
        'ERR_HOOK_TIMEOUT',
        `Cleanup hook "${this.#name}" did not finish within ${limitMs} ms`,
      );
      this.end(this.late);
    }, limitMs);
  }
}

function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
