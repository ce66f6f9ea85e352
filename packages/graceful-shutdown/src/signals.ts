import { constants } from 'node:os';

/** Ctrl-C reaches a program twice when npm runs it: once from the terminal, once from npm. */
const DUPLICATE_WITHIN_MS = 500;

/** Tells a signal's duplicate from an operator who does not want to wait. */
export class SignalCount {
  #firstAt: number | undefined;

  next(): 'first' | 'duplicate' | 'again' {
    const now = performance.now();
    if (this.#firstAt === undefined) {
      this.#firstAt = now;
      return 'first';
    }
    return now - this.#firstAt < DUPLICATE_WITHIN_MS ? 'duplicate' : 'again';
  }
}

/** Takes exactly these signals; the returned function gives them back. */
export function watchSignals(
  signals: readonly NodeJS.Signals[],
  onSignal: (signal: NodeJS.Signals) => void,
): () => void {
  for (const signal of signals) process.on(signal, onSignal);
  return () => {
    for (const signal of signals) process.off(signal, onSignal);
  };
}

/** The shell's convention for 'ended by signal n': 143 for SIGTERM, 130 for SIGINT. */
export function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
