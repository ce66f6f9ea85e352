import { nowMs } from '../clock.ts';
import { reasonOf, SupervisorError, withoutLastWords } from '../errors.ts';
import type { ChildSettings } from '../options/settings.ts';
import type { Run, RunExit } from '../run/run.ts';
import { condemnedError, endError, exitMessage, type Condemnation } from './child-errors.ts';
import { RestartPolicy } from './restart-policy.ts';
import type { ChildStatus, RestartReason } from './status.ts';

/** Why a child has to be started again. */
export interface Failure {
  readonly reason: RestartReason;
  /** What is known at once. */
  readonly summary: string;
  /** With the last words; a promise, never rejected, while they are still on their way. */
  readonly error: SupervisorError | Promise<SupervisorError>;
}

/** What a recovery does to its child. */
export interface RecoveryActions {
  backOff(reason: string): void;
  /** Rejects with a `SupervisorError` when the child did not get ready. */
  start(reason: string): Promise<void>;
  giveUp(error: SupervisorError): void;
  /** A spare takes over: there is nothing to spare the machine by waiting. */
  hasSpare(): boolean;
  /** Rejected when it is over. */
  pause(delayMs: number): Promise<void>;
}

/** Brings a child back after a failure, at the pace of its restart policy, and keeps count. */
export class Recovery {
  #policy: RestartPolicy | undefined;
  readonly #counts: Record<RestartReason, number> = {
    exit: 0,
    unhealthy: 0,
    blocked: 0,
    memory: 0,
    reload: 0,
    told: 0,
  };
  #lastError: SupervisorError | undefined;
  #readyAt: Date | undefined;
  /** The same by the clock that nobody sets; undefined when a later start has failed. */
  #readySince: number | undefined;

  /** A new chance: what the child went through before counts no more. */
  adopt({ restart }: ChildSettings): void {
    this.#policy = restart ? new RestartPolicy(restart) : undefined;
  }

  /** For the status of the child. */
  get figures(): Pick<ChildStatus, 'restarts' | 'restartsByReason' | 'readyAt' | 'lastError'> {
    const restartsByReason = { ...this.#counts };
    return {
      restarts: this.#restarts,
      restartsByReason,
      readyAt: this.#readyAt,
      lastError: this.#lastError,
    };
  }

  /** The child is ready. */
  succeeded(): void {
    this.#readyAt = new Date();
    this.#readySince = nowMs();
  }

  count(reason: RestartReason): void {
    this.#counts[reason] += 1;
  }

  note(failure: Failure): void {
    if (failure.error instanceof SupervisorError) this.#lastError = failure.error;
    else void failure.error.then((error) => (this.#lastError = error));
  }

  /** How long to wait before the next start in ms; undefined: no further one. */
  nextDelay(): number | undefined {
    return this.#policy?.next(this.#readySince === undefined ? 0 : nowMs() - this.#readySince);
  }

  /** From a failure to a ready child again, however many tries that takes, or given up. `over`: nobody wants that any more. */
  async run(first: Failure, over: AbortSignal, child: RecoveryActions): Promise<void> {
    let failure = first;
    while (!over.aborted) {
      this.note(failure);
      const policyMs = this.nextDelay();
      this.#readySince = undefined;
      if (policyMs === undefined) {
        const error = await failure.error;
        if (!over.aborted) child.giveUp(error);
        return;
      }
      const delayMs = child.hasSpare() ? 0 : policyMs;
      child.backOff(`${failure.summary}; next start in ${delayMs} ms`);
      try {
        // Not even the shortest timer: the next process begins in the moment in which the last one has ended.
        if (delayMs > 0) await child.pause(delayMs);
        this.count(failure.reason);
        await child.start(`restart ${this.#restarts}`);
        return;
      } catch (error) {
        failure = startFailure(error);
      }
    }
  }

  get #restarts(): number {
    const { exit, unhealthy, blocked, memory } = this.#counts;
    return exit + unhealthy + blocked + memory;
  }
}

/** A process that should have gone on has ended. */
export function exitFailure(child: ChildSettings, run: Run, exit: RunExit): Failure {
  const error = run.ended.then(async (end) => endError(child, end));
  return { reason: 'exit', summary: exitMessage(child.name, exit), error };
}

/** We end a process because of what is wrong with it. */
export function condemnedFailure(child: string, run: Run, kind: Condemnation, reason: string): Failure {
  const error = condemnedError(child, kind, reason, run.lastLines);
  return { reason: kind, summary: withoutLastWords(error.message), error };
}

/** What a start has thrown. */
export function startFailure(cause: unknown): Failure {
  const error =
    cause instanceof SupervisorError
      ? cause
      : new SupervisorError('SPAWN_FAILED', reasonOf(cause), {
          cause,
        });
  return { reason: 'exit', summary: withoutLastWords(error.message), error };
}
