import type { DroppedEvent, OutputEvent, ReloadEvent, SinkFailedEvent, StateEvent } from '../events.ts';
import type { Supervisor } from '../supervisor.ts';

/** Where to print to: `process`, or anything with two such streams. */
export interface PrintTarget {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/**
 * Prints every line of every child to the stream that it came from, tagged with the child's name, and what `printEvents` prints.
 * Where `output` has a console sink, lines would come twice: there `printEvents` is enough. Returns what ends it.
 */
export function printOutput(supervisor: Supervisor, target: PrintTarget = process): () => void {
  const endLines = printLines(supervisor, target);
  const endEvents = printEvents(supervisor, target);
  return () => {
    endLines();
    endEvents();
  };
}

/** Prints every change of state to the standard error, and what becomes of sinks. Returns what ends it. */
export function printEvents(supervisor: Supervisor, target: PrintTarget = process): () => void {
  const onState = (event: StateEvent): void => printState(event, target);
  const onDropped = ({ sink, child, lines, bytes }: DroppedEvent): void => {
    target.stderr.write(
      `supervisor | ${child}: ${lines} lines (${bytes} bytes) were dropped, ${sink} is too slow\n`,
    );
  };
  const onSinkFailed = ({ error }: SinkFailedEvent): void => {
    target.stderr.write(`supervisor | ${error.message}\n`);
  };
  supervisor.on('state', onState).on('dropped', onDropped).on('sinkFailed', onSinkFailed);
  return () => {
    supervisor.off('state', onState).off('dropped', onDropped).off('sinkFailed', onSinkFailed);
  };
}

function printLines(supervisor: Supervisor, target: PrintTarget): () => void {
  if (target === process) return supervisor.addOutput({ type: 'console' });
  const onOutput = ({ child, stream, line }: OutputEvent): void => {
    target[stream].write(`${child} | ${line}\n`);
  };
  supervisor.on('output', onOutput);
  return () => supervisor.off('output', onOutput);
}

export function printState({ child, pid, to, reason }: StateEvent, target: PrintTarget = process): void {
  const tag = pid === undefined ? child : `${child} (${pid})`;
  target.stderr.write(`supervisor | ${tag}: ${to}${reason === to ? '' : `, ${reason}`}\n`);
}

export function printReload({ replaced, error }: ReloadEvent, target: PrintTarget = process): void {
  const outcome = error ? error.message : `reloaded: ${replaced.join(', ') || 'no child'}`;
  target.stderr.write(`supervisor | ${outcome}\n`);
}
