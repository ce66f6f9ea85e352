import { freePort, readmePrograms, runProgram } from '@silly-face/testing';
import { expect, it } from 'vitest';

const packageRoot = new URL('../', import.meta.url);
const preload = new URL('fixtures/sigterm-once-listening.mjs', import.meta.url).href;

it.each(readmePrograms(packageRoot))(
  '$title serves, drains on SIGTERM and exits with 0',
  async ({ code }) => {
    const env = { PORT: String(await freePort()), NODE_OPTIONS: `--import=${preload}` };
    const { exitCode, stdout, stderr } = await runProgram(packageRoot, code, { env });
    expect(stderr).toBe('');
    expect(stdout).toMatch(/Received SIGTERM|Shutting down: SIGTERM/);
    expect(exitCode).toBe(0);
  },
);
