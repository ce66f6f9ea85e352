// A process warning (a leak of listeners, a deprecation, a late catch) fails the test file that caused it.
import { afterAll } from 'vitest';

const warnings: string[] = [];
const remember = (warning: Error): void => {
  warnings.push(warning.stack ?? String(warning));
};
process.on('warning', remember);

afterAll(async () => {
  // Warnings are emitted on the next tick.
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', remember);
  if (warnings.length > 0) throw new Error(`Process warnings during this test file:\n${warnings.join('\n')}`);
});
