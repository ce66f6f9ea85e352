import { ask } from './ask.ts';

/** What clients have been through. */
export interface Load {
  /** Each request that was not answered. */
  readonly failures: unknown[];
  /** The processes that have answered. */
  readonly pids: Set<number>;
}

/** Four clients that ask, each on a new connection, until told to stop. */
export function startLoad(port: number): { stop(): Promise<Load> } {
  const failures: unknown[] = [];
  const pids = new Set<number>();
  const over = new AbortController();
  const client = async (): Promise<void> => {
    while (!over.signal.aborted) {
      await ask(port).then(
        (answer) => pids.add(Number(answer)),
        (error: unknown) => failures.push(error),
      );
    }
  };
  const clients = [client(), client(), client(), client()];
  return {
    stop: async () => {
      over.abort();
      await Promise.all(clients);
      return { failures, pids };
    },
  };
}
