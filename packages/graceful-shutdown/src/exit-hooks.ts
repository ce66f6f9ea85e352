import { guardExit, isHookExit, runInHook } from './exit-guard.ts';
import { type Hook, Hooks } from './hooks.ts';
import { hookFailure } from './run-hook.ts';

/** Hooks of the stage `exit`: run in process 'exit', where nothing asynchronous has a future. */
export class ExitHooks {
  readonly #hooks = new Hooks();
  readonly #reason: () => string;
  readonly #onError: (error: Error) => void;

  constructor(reason: () => string, onError: (error: Error) => void) {
    this.#reason = reason;
    this.#onError = onError;
  }

  /** Returns a function that takes the hook back. */
  add(hook: Hook): () => void {
    if (this.#hooks.size === 0) process.on('exit', this.run);
    const takeBack = this.#hooks.add(hook);
    return () => {
      takeBack();
      if (this.#hooks.size === 0) process.off('exit', this.run);
    };
  }

  /** Runs each hook once. Errors are told and turn an exit code of 0 into 1. */
  readonly run = (): void => {
    process.off('exit', this.run);
    const release = guardExit();
    for (const hook of this.#hooks.take()) this.#runOne(hook);
    release();
  };

  #runOne({ name, run }: Hook): void {
    try {
      const fail = (error: unknown): void => this.#tell(name, error);
      const context = { reason: this.#reason(), signal: new AbortController().signal };
      const result: unknown = runInHook({ name, fail }, () => run(context));
      if (!(result instanceof Promise)) return;
      this.#tell(name, new TypeError('It returned a promise, which nobody waits for in the stage `exit`'));
      result.catch(fail);
    } catch (error) {
      if (!isHookExit(error)) this.#tell(name, error);
    }
  }

  #tell(name: string, error: unknown): void {
    this.#onError(hookFailure(name, error));
    process.exitCode ||= 1;
  }
}
