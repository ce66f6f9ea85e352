import { readmePrograms, runProgram } from '@silly-face/testing';
import { expect, test } from 'vitest';

const packageRoot = new URL('../', import.meta.url);

test.each(readmePrograms(packageRoot))('README: $title runs', async ({ code }) => {
  const { exitCode, stdout, stderr } = await runProgram(packageRoot, code);
  expect(stderr).not.toContain('Error');
  expect(exitCode).toBe(0);
  expect(stdout).toContain('migrate | the tables are up to date');
  expect(stdout).toMatch(/^process \d+$/m);
  expect(stdout).toContain("[ 'migrate: completed', 'api: ready' ]");
});
