import { setTimeout as sleep } from 'node:timers/promises';

export interface WaitOptions {
  /** What is waited for, for the error message. */
  what: string;
  /** A limit for what never comes, not for a machine that is busy. @default 30_000 */
  timeoutMs?: number;
  /** @default 20 */
  intervalMs?: number;
}

type Falsy = false | 0 | '' | null | undefined;

/** Asks again and again until the answer is truthy, and returns it. */
export async function waitUntil<T>(
  predicate: () => T | Promise<T>,
  { what, timeoutMs = 30_000, intervalMs = 20 }: WaitOptions,
): Promise<Exclude<T, Falsy>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await predicate();
    if (value) return value as Exclude<T, Falsy>;
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain for ${what}`);
    await sleep(intervalMs);
  }
}
