/** What to do at the first signal, and at a later one. */
export interface SignalActions {
  first(signal: NodeJS.Signals): void;
  later(signal: NodeJS.Signals): void;
}

/** Listens until the returned function is called. */
export function takeSignals(signals: readonly NodeJS.Signals[], actions: SignalActions): () => void {
  let firstAt: number | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    const now = performance.now();
    if (firstAt === undefined) {
      firstAt = now;
      actions.first(signal);
    } else if (now - firstAt >= DUPLICATE_MS) {
      actions.later(signal);
    }
  };
  return onSignals(signals, onSignal);
}

/** Listens until the returned function is called. */
export function onSignals(
  signals: readonly NodeJS.Signals[],
  listener: (signal: NodeJS.Signals) => void,
): () => void {
  for (const signal of signals) process.on(signal, listener);
  return () => {
    for (const signal of signals) process.off(signal, listener);
  };
}

// One Ctrl-C arrives twice when npm stands between: from the terminal, and passed on by npm.
const DUPLICATE_MS = 500;
