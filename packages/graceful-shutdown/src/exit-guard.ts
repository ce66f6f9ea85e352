import { AsyncLocalStorage } from 'node:async_hooks';
import { ShutdownError } from './errors.ts';

/** A hook as the code that runs inside of it sees it. */
export interface RunningHook {
  readonly name: string;
  /** Ends the hook with this error, even if it would still have gone on. */
  fail(error: unknown): void;
}

/**
 * The hook in whose asynchronous context the caller runs. Costs nothing until the first hook runs, and again nothing when the
 * last guard is taken away.
 */
export const currentHook = new AsyncLocalStorage<RunningHook | undefined>();
let guards = 0;
let restoreExit = (): void => {};

/**
 * Until the returned function is called, `process.exit()` called by a hook fails that hook instead of ending the process under
 * the others. It throws there, because no caller expects to go on after it. Called from anywhere else it does what it does.
 */
export function guardExit(): () => void {
  if (guards === 0) restoreExit = replaceExit();
  guards += 1;
  return () => {
    guards -= 1;
    if (guards > 0) return;
    restoreExit();
    currentHook.disable();
  };
}

function replaceExit(): () => void {
  const exit: NodeJS.Process['exit'] = Reflect.get(process, 'exit');
  const guarded = (code?: number | string | null): never => {
    // Somebody may have wrapped this function and kept it longer than the guard.
    const hook = guards > 0 ? currentHook.getStore() : undefined;
    if (!hook) return exit.call(process, code);
    const error = new ShutdownError(
      'ERR_HOOK_EXITED',
      `Cleanup hook "${hook.name}" called process.exit(${code ?? ''})`,
    );
    hookExits.add(error);
    hook.fail(error);
    throw error;
  };
  process.exit = guarded;
  return () => {
    if (process.exit === guarded) process.exit = exit;
  };
}

/** Not asked of what was thrown: a proxy may throw again. */
const hookExits = new WeakSet<object>();

/** Did a hook's `process.exit()` throw this? The hook's report names it: it is no crash. */
export function isHookExit(thrown: unknown): thrown is ShutdownError {
  return hookExits.has(thrown as object);
}
