import type { AddressInfo } from 'node:net';
import { reasonOf, SupervisorError } from '../errors.ts';

/** What is to be checked. */
export interface CheckTarget {
  /** Name of the child. */
  readonly child: string;
  /** The child's port, else that of its first held socket. */
  readonly port: number | undefined;
  /** Where a held socket is bound; the first of the child without a name. */
  address(socket?: string): AddressInfo | string | undefined;
}

/**
 * A deep check written as a function of the child's port (NaN when it has none). It returns whether the child is healthy, or a
 * promise of it (of nothing: healthy), or, when it takes a second parameter, calls that with the verdict. What is falsy, or an
 * Error, is a failure, and so is what it throws. It is asked anew only when its time is over; what it says later, or twice, is
 * not heard.
 */
export type HealthCheckFunction = (
  port: number,
  callback: (healthy: boolean) => void,
) => boolean | void | Promise<boolean | void>;

/** A deep check as an object: resolves when the child is healthy, rejects with the reason when not. */
export interface HealthProbe {
  probe(target: CheckTarget, signal: AbortSignal): Promise<void>;
}

/** A check that is ready to be asked. */
export type ResolvedCheck = HealthCheckFunction | HealthProbe;

/** Asks once. Throws `HEALTH_CHECK_FAILED` with the reason, which may be that there was no answer in time. */
export async function checkHealth(
  check: ResolvedCheck,
  target: CheckTarget,
  timeoutMs: number,
): Promise<void> {
  const over = new AbortController();
  let limit: NodeJS.Timeout | undefined;
  try {
    const tooLate = new Promise<never>((_, reject) => {
      const giveUp = (): void => reject(new Error(`no answer within ${timeoutMs} ms`));
      // An answer that has arrived while we were busy ourselves is read before an immediate, but after a timer.
      limit = setTimeout(() => setImmediate(giveUp), timeoutMs);
    });
    const verdict = typeof check === 'function' ? ask(check, target) : check.probe(target, over.signal);
    await Promise.race([verdict, tooLate]);
  } catch (cause) {
    const reason = reasonOf(cause);
    throw new SupervisorError(
      'HEALTH_CHECK_FAILED',
      `Health check of child "${target.child}" failed: ${reason}`,
      {
        child: target.child,
        cause,
      },
    );
  } finally {
    clearTimeout(limit);
    over.abort();
  }
}

async function ask(check: HealthCheckFunction, { port = Number.NaN }: CheckTarget): Promise<void> {
  const verdict = await new Promise<unknown>((resolve, reject) => {
    // A callback without a word is not a success.
    const answer = check(port, (healthy) => resolve(healthy ?? false));
    if (isPromise(answer)) {
      // An async function that takes the callback as well has said nothing by merely returning.
      const onVerdict = (verdict: boolean | void): void => {
        if (verdict !== undefined || check.length < 2) resolve(verdict);
      };
      answer.then(onVerdict, reject);
    } else if (answer !== undefined) {
      resolve(answer);
    }
  });
  if (verdict instanceof Error) throw verdict;
  if (verdict !== undefined && !verdict) throw new Error('it said so');
}

function isPromise(answer: unknown): answer is PromiseLike<boolean | void> {
  return typeof (answer as PromiseLike<unknown> | undefined)?.then === 'function';
}
