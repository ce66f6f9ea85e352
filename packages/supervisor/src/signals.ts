import { nowMs } from './clock.ts';
import { flushConsole } from './output/console-stream.ts';

/** What signals of this process have a supervisor do. */
export interface SignalActions {
  /** In order. */
  stop(): Promise<void>;
  /** At once. */
  kill(): Promise<void>;
  reload(): Promise<void>;
}

/** The signals of this process that a supervisor obeys. */
export class ProcessSignals {
  readonly #stopSignals: readonly NodeJS.Signals[];
  readonly #reloadSignals: readonly NodeJS.Signals[];
  readonly #actions: SignalActions;
  #firstAt: number | undefined;
  /** Set when a signal asked for the end: the process exits with it as soon as everything has stopped. */
  #exitCode: number | undefined;
  #release: (() => void)[] = [];

  constructor(
    stopSignals: readonly NodeJS.Signals[] = [],
    reloadSignals: readonly NodeJS.Signals[] = [],
    actions: SignalActions,
  ) {
    this.#stopSignals = [...stopSignals];
    this.#reloadSignals = [...reloadSignals];
    this.#actions = actions;
  }

  /** One has asked for the end of the process. */
  get isEnding(): boolean {
    return this.#exitCode !== undefined;
  }

  take(): void {
    this.#release = [
      onSignals(this.#stopSignals, () => this.#onStopSignal()),
      onSignals(this.#reloadSignals, () => void this.#actions.reload()),
    ];
  }

  /** Everything has stopped. Signals are the process's own again, unless it is about to exit. */
  release(): void {
    if (this.isEnding) return;
    for (const release of this.#release) release();
  }

  #onStopSignal(): void {
    const now = nowMs();
    if (this.#firstAt === undefined) {
      this.#firstAt = now;
      void this.#exit();
    } else if (now - this.#firstAt >= DUPLICATE_MS) {
      this.#exitCode = 1;
      void this.#actions.kill();
    }
  }

  async #exit(): Promise<void> {
    this.#exitCode = 0;
    // Since Node.js 24 V8 compiles in the background too, and process.exit() waits for that: for ever when the compiler waits for a
    // garbage collection, which this thread would have to do (nodejs/node issues 54918, 64560). What is under way has time to end.
    // Loaded only now: an idle supervisor is to be small.
    process.getBuiltinModule('node:v8').setFlagsFromString('--no-concurrent-sparkplug');
    await this.#actions.stop();
    // Whoever reads our output gets all of it before we are gone.
    await flushConsole();
    process.exit(this.#exitCode);
  }
}

// One Ctrl-C arrives twice when npm stands between: from the terminal, and passed on by npm.
const DUPLICATE_MS = 500;

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
