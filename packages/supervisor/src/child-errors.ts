import { SupervisorError } from './errors.ts';
import { describeEnd } from './readiness.ts';
import type { RunEnd } from './run.ts';
import type { ChildSettings } from './settings.ts';

export function exitError(child: string, end: RunEnd): SupervisorError {
  const details = { child, exitCode: end.code, signal: end.signal, lastLines: end.lastLines };
  return new SupervisorError('CHILD_EXITED', `Child "${child}" ${describeEnd(end)}`, details);
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

/** The message without the last words. */
export function firstLine(error: SupervisorError): string {
  return error.message.split('; its last words:', 1)[0] ?? '';
}
