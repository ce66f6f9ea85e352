import type { EventEmitter } from 'node:events';
import { reasonOf, SupervisorError } from '../errors.ts';
import type { ExitEvent, SupervisorEvents } from '../events.ts';

/**
 * What to do when a process has ended, here in a process that lives on: give back its locks, write down what it left open. It
 * runs beside the next start and never holds it up. `signal` is aborted at the limit, and soon after everything was ended by force.
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
  readonly #limits = new Set<AbortController>();
  #isHurried = false;

  constructor(events: EventEmitter<SupervisorEvents>, defaults: ExitHookOptions) {
    this.#events = events;
    this.#defaults = defaults;
  }

  run(event: ExitEvent, own: ExitHookOptions): void {
    const hook = own.onChildExit ?? this.#defaults.onChildExit;
    if (!hook) return;
    const wantedMs = own.onChildExitTimeoutMs ?? this.#defaults.onChildExitTimeoutMs ?? DEFAULT_TIMEOUT_MS;
    const timeoutMs = this.#isHurried ? Math.min(HURRIED_LIMIT_MS, wantedMs) : wantedMs;
    const over = new AbortController();
    this.#limits.add(over);
    const running = runLimited((context) => hook(event, context), timeoutMs, over)
      .catch((cause: unknown) => {
        const { child, pid } = event;
        this.#events.emit('hookFailed', { child, pid, error: hookError(event, cause) });
      })
      .finally(() => {
        this.#running.delete(running);
        this.#limits.delete(over);
      });
    this.#running.add(running);
  }

  /** Somebody wants the end now: those that run, and those to come, have a second at most. */
  hurry(): void {
    if (this.#isHurried) return;
    this.#isHurried = true;
    setTimeout(() => {
      for (const over of this.#limits) over.abort(tooLate(HURRIED_LIMIT_MS));
    }, HURRIED_LIMIT_MS).unref();
  }

  /** Resolves when none runs any more; each has its limit. */
  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }
}

const DEFAULT_TIMEOUT_MS = 30_000;
const HURRIED_LIMIT_MS = 1_000;

/** Throws what the hook throws, or that its time is over. */
export async function runLimited(
  hook: (context: { readonly signal: AbortSignal }) => void | Promise<void>,
  timeoutMs: number,
  over = new AbortController(),
): Promise<void> {
  const { signal } = over;
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  const limit = setTimeout(() => over.abort(tooLate(timeoutMs)), timeoutMs);
  try {
    await Promise.race([hook({ signal }), aborted]);
  } finally {
    clearTimeout(limit);
  }
}

function tooLate(timeoutMs: number): Error {
  return new Error(`it did not finish within ${timeoutMs} ms`);
}

function hookError({ child, pid, code, signal }: ExitEvent, cause: unknown): SupervisorError {
  const reason = reasonOf(cause);
  const message = `The hook after the end of process ${pid} of child "${child}" failed: ${reason}`;
  return new SupervisorError('HOOK_FAILED', message, { child, exitCode: code, signal, cause });
}
