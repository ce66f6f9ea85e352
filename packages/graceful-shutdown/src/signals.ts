import { constants } from 'node:os';

/** Listens to the process itself; the returned function stops that. */
export function listen(event: string, listener: (first: unknown, second: unknown) => void): () => void {
  process.on(event, listener);
  return () => process.off(event, listener);
}

/** The shell's convention for 'ended by signal n': 143 for SIGTERM, 130 for SIGINT. */
export function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
