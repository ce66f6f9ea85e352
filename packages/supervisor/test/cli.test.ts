import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from '@silly-face/testing';
import { afterAll, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'supervisor-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

const packageRoot = new URL('../', import.meta.url);
const { bin } = JSON.parse(readFileSync(new URL('package.json', packageRoot), 'utf8')) as {
  bin: { supervisor: string };
};

test.each(['json', 'mjs', 'js'])(
  'start runs a .%s configuration in the foreground until SIGTERM',
  async (ending) => {
    const options = {
      children: [{ name: 'web', command: 'sh', args: ['-c', 'echo hello; echo oops >&2; exec sleep 600'] }],
    };
    const text = JSON.stringify(options);
    const code = { json: text, mjs: `export default ${text}`, js: `module.exports = ${text}` }[ending] ?? '';
    const run = supervisor('start', write(`config.${ending}`, code));
    await waitUntil(() => run.stdout().includes('hello') && run.stderr().includes('oops'), {
      what: 'the output',
    });
    run.process.kill('SIGTERM');
    expect(await run.exited).toEqual([0, null]);
    expect(run.stdout()).toBe('web | hello\n');
    expect(run.stderr()).toMatch(
      /^supervisor \| web: starting, started\nsupervisor \| web \(\d+\): ready\nweb \| oops\nsupervisor \| web \(\d+\): stopping, the supervisor stops\nsupervisor \| web: stopped, the supervisor stops\n$/,
    );
  },
);

test('SIGHUP replaces processes, and says so; a bad release is not taken', async () => {
  const script = write('app.cjs', `require('http').createServer().listen(process.env.PORT)`);
  const sockets = { web: { port: 0, host: '127.0.0.1' } };
  const run = supervisor(
    'start',
    write('reload.json', JSON.stringify({ sockets, children: [{ name: 'web', script, sockets: ['web'] }] })),
  );
  await waitUntil(() => /web \(\d+\): ready/.test(run.stderr()), { what: 'the first process' });
  run.process.kill('SIGHUP');
  await waitUntil(() => run.stderr().includes('supervisor | reloaded'), { what: 'the reload' });
  expect(run.stderr()).toMatch(
    /web \((\d+)\): ready\n(.*\n)*.*web \((?!\1)\d+\): ready, took the place of process \1\n/,
  );
  write('app.cjs', 'process.exit(5)');
  run.process.kill('SIGHUP');
  await waitUntil(() => run.stderr().includes('supervisor | not reloaded'), { what: 'the refusal' });
  expect(run.stderr()).toContain(
    'supervisor | Reload failed: Child "web" exited with code 5 before it was ready',
  );
  run.process.kill('SIGTERM');
  expect(await run.exited).toEqual([0, null]);
});

test('the children stay when nobody reads the output any more', async () => {
  const args = ['-c', 'echo first; read -r line <"$0"; echo second; echo still here >"$0"; exec sleep 600'];
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const children = [{ name: 'web', command: 'sh', args: [...args, fifo] }];
  const run = supervisor('start', write('unread.json', JSON.stringify({ children })));
  await waitUntil(() => run.stdout().includes('first'), { what: 'the first line' });
  run.process.stdout.destroy();
  // It prints its second line to nobody, and answers once it has.
  await writeFile(fifo, 'go on\n');
  expect(await readFile(fifo, 'utf8')).toBe('still here\n');
  run.process.kill('SIGTERM');
  expect(await run.exited).toEqual([0, null]);
});

test.each([
  [
    'a child that fails',
    `{ "children": [{ "name": "t", "task": true, "command": "sh", "args": ["-c", "echo why; exit 3"] }] }`,
    1,
    'supervisor | Task "t" exited with code 3; its last words:\n  why\n',
  ],
  [
    'a broken configuration',
    '{ "children": [',
    1,
    `supervisor | Cannot load the configuration ${join(folder, 'broken.json')}: `,
  ],
  ['an unknown option', '{ "childs": [] }', 1, 'supervisor | Unknown option `childs`\n'],
])('%s is told on the standard error, with a non-zero result', async (_what, text, code, message) => {
  const run = supervisor('start', write('broken.json', text));
  expect(await run.exited).toEqual([code, null]);
  expect(run.stderr()).toContain(message);
});

test.each([[[]], [['stop']], [['start']], [['start', 'a.json', 'b.json']]])(
  '%j is answered with the usage and 2',
  async (args) => {
    const run = supervisor(...args);
    expect(await run.exited).toEqual([2, null]);
    expect(run.stderr()).toContain('Usage: supervisor start');
  },
);

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

function supervisor(...args: string[]) {
  const child = spawn(process.execPath, [new URL(bin.supervisor, packageRoot).pathname, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk: Buffer) => (stderr += String(chunk)));
  const exited = once(child, 'close');
  return { process: child, exited, stdout: () => stdout, stderr: () => stderr };
}
