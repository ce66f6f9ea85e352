import type { EventEmitter } from 'node:events';
import { reasonOf, SupervisorError } from '../errors.ts';
import type { ExitEvent, SupervisorEvents } from '../events.ts';

/**
 * What to do when a process has ended, here in a process that lives on: give back its locks, write down what it left open. It
 * runs beside the next start and never holds it up. `signal` is aborted at the limit.
 */
export type ChildExitHook = (
  event: ExitEvent,
  context: { readonly signal: AbortSignal },
) => void | Promise<void>;

/** The hook of one child, or of all. */
export interface ExitHookOptions {
  readonly onChildExit?: ChildExitHook | undefined;
  readonly onChildExitTimeoutMs?: number | undefined;
}

/** The hooks that run. A failure of theirs is an event, never a rejection that nobody handles. */
export class ExitHooks {
  readonly #events: EventEmitter<SupervisorEvents>;
  readonly #defaults: ExitHookOptions;
  readonly #running = new Set<Promise<void>>();

  constructor(events: EventEmitter<SupervisorEvents>, defaults: ExitHookOptions) {
    this.#events = events;
    this.#defaults = defaults;
  }

  run(event: ExitEvent, own: ExitHookOptions): void {
    const hook = own.onChildExit ?? this.#defaults.onChildExit;
    if (!hook) return;
    const timeoutMs = own.onChildExitTimeoutMs ?? this.#defaults.onChildExitTimeoutMs ?? DEFAULT_TIMEOUT_MS;
    const running = runLimited(hook, event, timeoutMs)
      .catch((cause: unknown) => {
        const { child, pid } = event;
        this.#events.emit('hookFailed', { child, pid, error: hookError(event, cause) });
      })
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Resolves when none runs any more; each has its limit. */
  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }
}

const DEFAULT_TIMEOUT_MS = 30_000;

async function runLimited(hook: ChildExitHook, event: ExitEvent, timeoutMs: number): Promise<void> {
  const over = new AbortController();
  let limit: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    limit = setTimeout(() => {
      const error = new Error(`it did not finish within ${timeoutMs} ms`);
      reject(error);
      over.abort(error);
    }, timeoutMs);
  });
  try {
    await Promise.race([hook(event, { signal: over.signal }), tooLate]);
  } finally {
    clearTimeout(limit);
  }
}

function hookError({ child, pid, code, signal }: ExitEvent, cause: unknown): SupervisorError {
  const reason = reasonOf(cause);
  const message = `The hook after the end of process ${pid} of child "${child}" failed: ${reason}`;
  return new SupervisorError('HOOK_FAILED', message, { child, exitCode: code, signal, cause });
}
