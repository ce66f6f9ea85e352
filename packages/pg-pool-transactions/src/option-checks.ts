import { PoolError } from './errors.ts';

/** The longest time that a Node timer can wait. */
export const longestMs = 2 ** 31 - 1;

/** Refuses keys that nobody would read. */
export function checkKeys(options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new PoolError('INVALID_OPTIONS', `Unknown option \`${unknown}\`; known are ${known.join(', ')}`);
  }
}

export function invalid(what: string, expected: string, got: unknown): PoolError {
  const shown = typeof got === 'string' ? JSON.stringify(got) : String(got);
  return new PoolError('INVALID_OPTIONS', `Expected ${what} to be ${expected}, got ${shown}`);
}

export function isTimerDelay(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value <= longestMs;
}
