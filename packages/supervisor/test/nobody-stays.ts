import { processesMarked } from '@silly-face/testing';
import { onTestFinished } from 'vitest';

/**
 * A mark for the environment of all that a test starts. When the test has finished, however, whoever still carries it is ended.
 */
export function familyMark(): {
  readonly variable: string;
  readonly value: string;
  readonly living: () => number[];
} {
  const variable = 'TEST_FAMILY';
  const value = `${process.pid}-${Math.random().toString(36).slice(2)}`;
  const living = (): number[] => processesMarked(`${variable}=${value}`);
  onTestFinished(() => endNow(living()));
  return { variable, value, living };
}

/** Ends processes that may have ended already. */
export function endNow(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
