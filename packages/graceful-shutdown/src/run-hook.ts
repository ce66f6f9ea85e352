import { ShutdownError } from './errors.ts';
import { currentHook, guardExit, isHookExit } from './exit-guard.ts';
import type { Hook } from './hooks.ts';
import type { HookReport } from './report.ts';
import type { TimeLimit } from './time-limit.ts';

/** Runs one hook within its limit. Never rejects: whatever becomes of it is told by the report. */
export async function runHook(hook: Hook, reason: string, limit: TimeLimit): Promise<HookReport> {
  const { name, stage } = hook;
  const { signal } = limit;
  const startedAt = performance.now();
  const report: Writable<HookReport> = { name, stage, outcome: 'done', durationMs: 0 };
  // Also after the hook has settled: something that it left behind may crash or exit.
  const fail = (error: unknown): void => {
    if (report.outcome === 'done') {
      const isOver = signal.aborted && error === signal.reason;
      Object.assign(
        report,
        isOver ? ending(signal.reason) : { outcome: 'failed', error: hookFailure(name, error) },
      );
    }
    limit.end(error);
  };
  try {
    await limit.race(() => currentHook.run({ name, fail }, () => hook.run({ reason, signal })));
  } catch (error) {
    fail(error);
  }
  report.durationMs = performance.now() - startedAt;
  return report;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

function ending(reason: ShutdownError): Pick<HookReport, 'outcome' | 'error'> {
  if (reason.code === 'ERR_SHUTDOWN_FORCED') return { outcome: 'abandoned' };
  return { outcome: 'timed-out', error: reason };
}

/**
 * Runs hooks in process 'exit', where nothing asynchronous has a future. Errors are told and turn an exit code of 0 into 1.
 */
export function runExitHooks(hooks: readonly Hook[], reason: string, onError: (error: Error) => void): void {
  const release = guardExit();
  for (const { name, run } of hooks) {
    const fail = (error: unknown): void => {
      onError(hookFailure(name, error));
      process.exitCode ||= 1;
    };
    try {
      const context = { reason, signal: new AbortController().signal };
      const result: unknown = currentHook.run({ name, fail }, () => run(context));
      if (!(result instanceof Promise)) continue;
      fail(new TypeError('It returned a promise, which nobody waits for in the stage `exit`'));
      result.catch(fail);
    } catch (error) {
      if (!isHookExit(error)) fail(error);
    }
  }
  release();
}

function hookFailure(name: string, error: unknown): ShutdownError {
  if (isHookExit(error)) return error;
  return new ShutdownError('ERR_HOOK_FAILED', `Cleanup hook "${name}" failed`, { cause: error });
}
