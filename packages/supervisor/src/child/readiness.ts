import { setTimeout as sleep } from 'node:timers/promises';
import { aborted } from '../aborted.ts';
import { SupervisorError } from '../errors.ts';
import { checkHealth, type CheckTarget } from '../health-check/health-check.ts';
import type { ChildSettings } from '../options/settings.ts';
import type { Run } from '../run/run.ts';
import { endError, taskError } from './child-errors.ts';

/**
 * Resolves when the process is ready, a task when it has completed. Throws `CHILD_EXITED`, `TASK_FAILED`, `CHILD_NOT_READY`, or
 * the reason of `cancelled`. The process is left as it is.
 */
export async function becomeReady(
  run: Run,
  child: ChildSettings,
  target: CheckTarget,
  cancelled: AbortSignal,
): Promise<void> {
  let lastFailure: unknown;
  await firstOf(run, child, cancelled, {
    outcome: (over) => ready(run, child, target, over, (failure) => (lastFailure = failure)),
    lastFailure: () => lastFailure,
  });
}

/** Resolves when a spare waits for its `go`. Throws as `becomeReady` does. */
export async function becomeSpare(run: Run, child: ChildSettings, cancelled: AbortSignal): Promise<void> {
  await firstOf(run, child, cancelled, {
    // A script may well say that it is ready before it listens.
    outcome: () => Promise.race([run.said.standby, run.said.ready]),
    lastFailure: () => undefined,
  });
}

/** Ready, ended, too late or cancelled. */
async function firstOf(
  run: Run,
  child: ChildSettings,
  cancelled: AbortSignal,
  { outcome, lastFailure }: { outcome: (over: AbortSignal) => Promise<void>; lastFailure: () => unknown },
): Promise<void> {
  cancelled.throwIfAborted();
  const over = new AbortController();
  const outcomes = [outcome(over.signal), cancellation(cancelled, over.signal)];
  if (!child.task) outcomes.push(endTooEarly(run, child));
  if (child.readyTimeoutMs !== undefined) {
    outcomes.push(limit(run, child, child.readyTimeoutMs, over.signal, lastFailure));
  }
  try {
    await Promise.race(outcomes);
  } finally {
    over.abort();
  }
}

async function ready(
  run: Run,
  child: ChildSettings,
  target: CheckTarget,
  over: AbortSignal,
  onFailure: (failure: unknown) => void,
): Promise<void> {
  await run.entered;
  if (child.task) await taskCompletes(run, child);
  else if (child.readiness === 'message') await run.said.ready;
  else if (child.readiness === 'listening') await run.said.listening;
  else if (child.readiness === 'notify') await run.channels.notified;
  else if (child.readiness === 'health-check' && child.healthCheck) {
    while (!over.aborted) {
      try {
        await checkHealth(child.healthCheck, target, child.healthCheckTimeoutMs);
        return;
      } catch (failure) {
        onFailure(failure);
      }
      await sleep(Math.min(STARTUP_INTERVAL_MS, child.healthCheckIntervalMs), undefined, { signal: over });
    }
  }
}

// Often enough that a quick start is seen quickly; the interval of the options is for the long run.
const STARTUP_INTERVAL_MS = 100;

async function taskCompletes(run: Run, child: ChildSettings): Promise<void> {
  const end = await run.ended;
  if (end.code !== 0) throw taskError(child, end);
}

async function endTooEarly(run: Run, child: ChildSettings): Promise<void> {
  throw await endError(child, await run.ended, ' before it was ready');
}

async function limit(
  run: Run,
  { name, task }: ChildSettings,
  timeoutMs: number,
  over: AbortSignal,
  lastFailure: () => unknown,
): Promise<void> {
  await sleep(timeoutMs, undefined, { signal: over });
  const cause = lastFailure();
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  const what = task ? `Task "${name}" did not complete` : `Child "${name}" was not ready`;
  throw new SupervisorError('CHILD_NOT_READY', `${what} within ${timeoutMs} ms${why}`, {
    child: name,
    lastLines: run.lastLines,
    cause,
  });
}

async function cancellation(cancelled: AbortSignal, over: AbortSignal): Promise<void> {
  await aborted(cancelled, over);
  throw cancelled.reason;
}
