import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  descendants,
  isAlive,
  processesMarked,
  readmePrograms,
  runProgram,
  startPostgres,
  waitUntil,
} from '@silly-face/testing';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'testing-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('the programs of a README', () => {
  test('are its js blocks, titled by their headings; others are none', () => {
    const readme =
      '# One\n```js\nfirst();\n```\n```sh\nnpm i\n```\n## Two\n```ts\ntype A = 1;\n```\n```js\nsecond();\n```\n';
    writeFileSync(join(directory, 'README.md'), readme);
    expect(readmePrograms(pathToFileURL(`${directory}/`))).toEqual([
      { title: 'One (1)', code: 'first();\n' },
      { title: 'Two (2)', code: 'second();\n' },
    ]);
  });

  test('run in the folder of the package and leave nothing there', async () => {
    const code = 'console.log(process.cwd(), process.env.WORD); console.error("oh"); process.exitCode = 3;';
    const root = pathToFileURL(`${directory}/`);
    expect(await runProgram(root, code, { env: { WORD: 'moo' } })).toEqual({
      exitCode: 3,
      signal: null,
      stdout: `${directory} moo\n`,
      stderr: 'oh\n',
    });
    expect(readdirSync(directory)).toEqual([]);
  });
});

test('a process and what it started are found by descent and by mark, and no longer when they have ended', async () => {
  const mark = `HELPERS_MARK=${Math.random()}`;
  const shell = spawn('sh', ['-c', 'sleep 60 & wait'], {
    env: { PATH: process.env.PATH, HELPERS_MARK: mark.split('=')[1] },
    stdio: 'ignore',
  });
  const pid = shell.pid as number;
  const [sleep] = await waitUntil(() => descendants(pid).length > 0 && descendants(pid), {
    what: 'sleep to start',
  });
  await waitUntil(() => processesMarked(mark).length === 2, { what: 'both to be found by their mark' });
  expect(new Set(processesMarked(mark))).toEqual(new Set([pid, sleep]));
  for (const running of [sleep as number, pid]) process.kill(running, 'SIGKILL');
  await once(shell, 'close');
  await waitUntil(() => !isAlive(sleep as number) && !isAlive(pid), { what: 'both to be dead' });
  expect(processesMarked(mark)).toEqual([]);
});

test('waiting in vain names what it waited for', async () => {
  const never = waitUntil(() => false, { what: 'a pig to fly', timeoutMs: 50 });
  await expect(never).rejects.toThrow('Waited 50 ms in vain for a pig to fly');
});

test('a Postgres that cannot start leaves no folder', async () => {
  chmodSync(directory, 0o755); // As root it runs as another user, who must get in.
  vi.stubEnv('TMPDIR', directory);
  try {
    const failed = startPostgres({ shared_buffers: 'many' });
    await expect(failed).rejects.toMatchObject({ code: 'POSTGRES_START_FAILED' });
    expect(readdirSync(directory)).toEqual([]);
  } finally {
    vi.unstubAllEnvs();
  }
});
