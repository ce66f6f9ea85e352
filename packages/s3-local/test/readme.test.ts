import { readmePrograms, runProgram } from '@silly-face/testing';
import { expect, test } from 'vitest';

const packageRoot = new URL('../', import.meta.url);
const env = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };

test.each(readmePrograms(packageRoot))('the program under "$title" runs', async ({ code }) => {
  const result = await runProgram(packageRoot, code, { env });
  expect(result).toMatchObject({ exitCode: 0, stderr: '' });
  const promised = [...code.matchAll(/console\.log\(.*\/\/ (.+)$/gm)].map(([, line]) => line);
  expect(result.stdout.trim().split('\n')).toEqual(promised);
});
