import { readmePrograms, runProgram } from '@silly-face/testing';
import { expect, test } from 'vitest';
import { localS3 } from './support/s3-local.ts';

const packageRoot = new URL('../', import.meta.url);

test.each(readmePrograms(packageRoot))('README: $title runs', async ({ code }) => {
  const s3 = await localS3({ bucket: 'photos' });
  const { exitCode, stdout, stderr } = await runProgram(packageRoot, code, { env: s3.environment });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout).not.toBe('');
});
