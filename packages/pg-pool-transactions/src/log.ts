import type { EventEmitter } from 'node:events';
import type { PoolEvents } from './events.ts';

/** Takes a line about the life of a pool, without a line break or a time. */
export type Log = (line: string, level: 'info' | 'warn') => void;

/** Onto standard error. */
export const logToConsole: Log = (line) => console.error(line);

/** Writes a line for each event of a pool. */
export function logEvents(pool: EventEmitter<PoolEvents>, name: string, log: Log): void {
  const client = (processId: number | null): string => `Pool '${name}': the client of process ${processId}`;
  pool.on('connect', ({ processId }) => log(`${client(processId)} is connected`, 'info'));
  pool.on('remove', ({ processId, reason }) => log(`${client(processId)} is removed: ${reason}`, 'info'));
  pool.on('retry', ({ attempt, delayMs, error }) =>
    log(`Pool '${name}': retry ${attempt} in ${Math.ceil(delayMs)} ms: ${messageOf(error)}`, 'info'),
  );
  for (const event of ['connectError', 'clientLost'] as const)
    pool.on(event, ({ message }) => log(message, 'warn'));
  for (const event of ['hookError', 'handlerError'] as const)
    pool.on(event, ({ message, cause }) => log(`Pool '${name}': ${message}: ${messageOf(cause)}`, 'warn'));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
