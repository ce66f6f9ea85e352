import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from '../child/child.ts';
import { isServing } from '../child/states.ts';
import type { AskedRestart } from '../child/status.ts';
import { SupervisorError } from '../errors.ts';
import { canOverlap } from '../options/defaults.ts';
import type { ChildSettings } from '../options/settings.ts';

/**
 * Puts a process with these settings in the place of the present one; when there is none, as of a child that has failed, that is
 * a start. What goes wrong is thrown, and the child goes on with its former settings: with `overlap` the old process never
 * stopped serving, with `stop-first` it is started again. `asked`: what for. `stopping`: the supervisor is told to stop.
 */
export async function replaceChild(
  child: Child,
  settings: ChildSettings,
  asked: AskedRestart,
  stopping: AbortSignal,
): Promise<void> {
  stopping.throwIfAborted();
  if (settings.task) return repeatTask(child, settings, asked, stopping);
  const serves = isServing(child.status().state);
  if (serves && settings.reload !== 'stop-first' && canOverlap(settings.sockets, settings.readiness)) {
    return child.replace(settings, asked);
  }
  await stopFirst(child, settings, asked, serves ? settings.reloadPauseMs : 0, stopping);
}

async function stopFirst(
  child: Child,
  settings: ChildSettings,
  asked: AskedRestart,
  pauseMs: number,
  stopping: AbortSignal,
): Promise<void> {
  const { settings: former } = child;
  const hadFailed = child.status().state === 'failed';
  await child.stop('to be replaced');
  try {
    if (pauseMs > 0) await sleep(pauseMs, undefined, { signal: stopping });
  } finally {
    stopping.throwIfAborted();
  }
  child.revive(settings);
  try {
    await child.start('started anew', asked);
  } catch (error) {
    stopping.throwIfAborted();
    child.revive(former);
    if (!hadFailed) child.startPersistently();
    throw error;
  }
}

async function repeatTask(
  child: Child,
  settings: ChildSettings,
  asked: AskedRestart,
  stopping: AbortSignal,
): Promise<void> {
  const { state } = child.status();
  if (state === 'starting') {
    throw new SupervisorError('CHILD_NOT_READY', `Task "${settings.name}" cannot run again: it is ${state}`, {
      child: settings.name,
    });
  }
  const { settings: former } = child;
  // What was no task so far is still running.
  await child.stop('to run as a task');
  stopping.throwIfAborted();
  child.revive(settings);
  try {
    await child.start('run again', asked);
  } catch (error) {
    child.adopt(former);
    throw error;
  }
}
