import type { OutputEvent, ReloadEvent, StateEvent } from '../events.ts';
import type { Supervisor } from '../supervisor.ts';

/** Where to print to: `process`, or anything with two such streams. */
export interface PrintTarget {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/**
 * Prints every line of every child to the stream that it came from, tagged with the child's name, and every change of state to
 * the standard error. Returns what ends it.
 */
export function printOutput(supervisor: Supervisor, target: PrintTarget = process): () => void {
  const onOutput = (event: OutputEvent): void => printLine(event, target);
  const onState = (event: StateEvent): void => printState(event, target);
  supervisor.on('output', onOutput).on('state', onState);
  return () => {
    supervisor.off('output', onOutput).off('state', onState);
  };
}

export function printLine({ child, stream, line }: OutputEvent, target: PrintTarget = process): void {
  target[stream].write(`${child} | ${line}\n`);
}

export function printState({ child, pid, to, reason }: StateEvent, target: PrintTarget = process): void {
  const tag = pid === undefined ? child : `${child} (${pid})`;
  target.stderr.write(`supervisor | ${tag}: ${to}${reason === to ? '' : `, ${reason}`}\n`);
}

export function printReload({ replaced, error }: ReloadEvent, target: PrintTarget = process): void {
  const outcome = error ? error.message : `reloaded: ${replaced.join(', ') || 'no child'}`;
  target.stderr.write(`supervisor | ${outcome}\n`);
}
