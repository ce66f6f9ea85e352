import type { AddressInfo } from 'node:net';
import { SupervisorError } from '../errors.ts';

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
 * promise of it (of nothing: healthy), or, when it takes a second parameter, calls that with the verdict. What it throws is a
 * failure.
 */
export type HealthCheckFunction = (
  port: number,
  callback: (healthy: boolean) => void,
) => boolean | void | Promise<boolean | void>;

/** A deep check as an object: resolves when the child is healthy, rejects with the reason when not. */
export interface HealthProbe {
  probe(target: CheckTarget, signal: AbortSignal): Promise<void>;
}

export type HealthCheck = HealthCheckFunction | HealthProbe;

/** Asks once. Throws `HEALTH_CHECK_FAILED` with the reason, which may be that there was no answer in time. */
export async function checkHealth(check: HealthCheck, target: CheckTarget, timeoutMs: number): Promise<void> {
  const over = new AbortController();
  let limit: NodeJS.Timeout | undefined;
  try {
    const tooLate = new Promise<never>((_, reject) => {
      limit = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    });
    const verdict = typeof check === 'function' ? ask(check, target) : check.probe(target, over.signal);
    await Promise.race([verdict, tooLate]);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
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
  const healthy = await new Promise<boolean | void>((resolve, reject) => {
    const answer = check(port, resolve);
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
  if (healthy === false) throw new Error('it said so');
}

function isPromise(answer: unknown): answer is PromiseLike<boolean | void> {
  return typeof (answer as PromiseLike<unknown> | undefined)?.then === 'function';
}
