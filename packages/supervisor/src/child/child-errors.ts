import { SupervisorError, type SupervisorErrorDetails } from '../errors.ts';
import { findPortOwner } from '../listener/port-owner.ts';
import type { ChildSettings } from '../options/settings.ts';
import type { RunEnd, RunExit } from '../run/run.ts';

/** `PORT_TAKEN` when its last words say so, else `CHILD_EXITED`. `when`: words to add to what happened. */
export async function endError(child: ChildSettings, end: RunEnd, when = ''): Promise<SupervisorError> {
  const { name } = child;
  const details = detailsOf(child, end);
  const what = `${exitMessage(name, end)}${when}`;
  const place = takenPlace(child, end.lastLines);
  if (place === undefined) return new SupervisorError('CHILD_EXITED', what, details);
  const owner = typeof place === 'number' ? await findPortOwner(place) : undefined;
  const where = typeof place === 'number' ? `port ${place}` : place;
  const by = owner === undefined ? 'another process' : `process ${owner}`;
  return new SupervisorError('PORT_TAKEN', `${what}: ${where} is taken by ${by}`, details);
}

/** A task that ended otherwise than with exit code 0. */
export function taskError(child: ChildSettings, end: RunEnd): SupervisorError {
  return new SupervisorError(
    'TASK_FAILED',
    `Task "${child.name}" ${describeEnd(end)}`,
    detailsOf(child, end),
  );
}

function detailsOf({ name }: ChildSettings, { code, signal, lastLines }: RunEnd): SupervisorErrorDetails {
  return { child: name, exitCode: code, signal, lastLines };
}

export function exitMessage(child: string, exit: RunExit): string {
  return `Child "${child}" ${describeEnd(exit)}`;
}

/** Describes the end of a process in words. */
export function describeEnd({ code, signal }: RunExit): string {
  return signal ? `was ended by ${signal}` : `exited with code ${code}`;
}

/** What is wrong with a process that we end ourselves. */
export type Condemnation = 'unhealthy' | 'blocked' | 'memory';

/** Why we ended it ourselves. */
export function condemnedError(
  child: string,
  kind: Condemnation,
  reason: string,
  lastLines: readonly string[],
): SupervisorError {
  const message = `Child "${child}" was ended: ${reason}`;
  return new SupervisorError(condemnedCodes[kind], message, { child, lastLines });
}

const condemnedCodes = {
  unhealthy: 'HEALTH_CHECK_FAILED',
  blocked: 'CHILD_BLOCKED',
  memory: 'MEMORY_LIMIT_EXCEEDED',
} as const;

/** The port or path that a child could not have: as Node.js says it, or its own port when others say it in their words. */
function takenPlace({ port }: ChildSettings, lastLines: readonly string[]): number | string | undefined {
  const text = lastLines.join('\n');
  if (!/EADDRINUSE|address already in use/i.test(text)) return undefined;
  const [, place = ''] = /EADDRINUSE: address already in use (\S+)/.exec(text) ?? [];
  const portOfPlace = /:(\d+)$/.exec(place)?.[1];
  if (portOfPlace !== undefined) return Number(portOfPlace);
  return place === '' ? (port ?? 'an address') : place;
}

export function stopError(child: string): SupervisorError {
  return new SupervisorError('STOPPED', `Child "${child}" was told to stop`, { child });
}

/** Why a child is not started again: its last failure, or too many of them. */
export function giveUpError({ name, restart }: ChildSettings, cause: SupervisorError): SupervisorError {
  if (!restart) return cause;
  return new SupervisorError(
    'RESTART_LIMIT',
    `Child "${name}" is not started again after ${restart.maxRestarts} restarts within ${restart.windowMs} ms: ${cause.message}`,
    { child: name, exitCode: cause.exitCode, signal: cause.signal, cause },
  );
}
