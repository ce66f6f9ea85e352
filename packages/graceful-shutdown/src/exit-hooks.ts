import { currentHook, guardExit, isHookExit } from './exit-guard.ts';
import type { Hook } from './hooks.ts';
import { hookFailure } from './run-hook.ts';

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
