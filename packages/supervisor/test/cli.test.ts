import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitUntil } from '@silly-face/testing';
import { expect, test } from 'vitest';
import { runCommand, startCommand } from './command-line.ts';
import { folderOfTheFile } from './temporary-folder.ts';

const folder = folderOfTheFile();

test.each(['json', 'mjs', 'js'])(
  'start runs a .%s configuration in the foreground until SIGTERM',
  async (ending) => {
    const options = {
      children: [{ name: 'web', command: 'sh', args: ['-c', 'echo hello; echo oops >&2; exec sleep 600'] }],
    };
    const text = JSON.stringify(options);
    const code = { json: text, mjs: `export default ${text}`, js: `module.exports = ${text}` }[ending] ?? '';
    const run = startCommand(['start', write(`config.${ending}`, code)]);
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
  const children = [{ name: 'web', script, sockets: ['web'] }];
  const run = startCommand(['start', write('reload.json', JSON.stringify({ sockets, children }))]);
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

test('the configuration may name other signals, and a mistake in it is shown where it is when it is read again', async () => {
  const config = write(
    'signals.json',
    JSON.stringify({
      signals: ['SIGQUIT'],
      reloadSignals: ['SIGUSR2'],
      children: [{ name: 'web', command: 'sleep', args: ['600'] }],
    }),
  );
  const run = startCommand(['start', config]);
  await waitUntil(() => /web \(\d+\): ready/.test(run.stderr()), { what: 'the child' });
  write('signals.json', '{ "children": [ }');
  run.process.kill('SIGUSR2');
  await waitUntil(() => run.stderr().includes('supervisor | not reloaded'), { what: 'the refusal' });
  expect(run.stderr()).toMatch(/^ +\{ "children": \[ \}\n +\^\n\(replaced: none; as they were: web\)$/m);
  run.process.kill('SIGQUIT');
  expect(await run.exited).toEqual([0, null]);
});

test('the children stay when nobody reads the output any more', async () => {
  const args = ['-c', 'echo first; read -r line <"$0"; echo second; echo still here >"$0"; exec sleep 600'];
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const children = [{ name: 'web', command: 'sh', args: [...args, fifo] }];
  const run = startCommand(['start', write('unread.json', JSON.stringify({ children }))]);
  await waitUntil(() => run.stdout().includes('first'), { what: 'the first line' });
  run.process.stdout?.destroy();
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
    `supervisor | Cannot load the configuration ${join(folder, 'broken.json')}: expected a value, but the file ends`,
  ],
  [
    'an unknown option',
    '{ "childs": [] }',
    1,
    'supervisor | Unknown option `childs`, did you mean `children`?\n',
  ],
])('%s is told on the standard error, with a non-zero result', async (_what, text, code, message) => {
  const run = startCommand(['start', write('broken.json', text)]);
  expect(await run.exited).toEqual([code, null]);
  expect(run.stderr()).toContain(message);
});

test.each([
  [[], 'Expected a command\nUsage: supervisor --help\n'],
  [['strat'], 'Unknown command `strat`, did you mean `start`?\nUsage: supervisor --help\n'],
  [
    ['start'],
    'Expected `supervisor start <config>`, got 0 words after start\nUsage: supervisor start --help\n',
  ],
  [['start', 'a.json', 'b.json'], 'got 2 words after start'],
  [['start', 'a.json', '--socket', 's', '--no-socket'], 'Expected either --socket or --no-socket'],
  [['status', '--jason'], "Unknown option '--jason'\nUsage: supervisor status --help\n"],
  [['status', '--socket'], "'-s, --socket <value>' argument missing"],
  [['status', '--socket', 's', '--config', 'c'], 'Expected either --socket or --config'],
  [['logs', '-n', 'many'], "Expected --lines to be a whole number from 1, got 'many'"],
  [['scale', 'web', '-1'], "Unknown option '-1'"],
  [['scale', 'web', 'two'], "Expected <count> to be a whole number from 1, got 'two'"],
])('%j is wrong usage: told with where to read more, and exit code 2', async (args, message) => {
  const { code, stdout, stderr } = await runCommand(args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(message);
});

test('every command has its help', async () => {
  const { code, stdout } = await runCommand(['--help']);
  expect(code).toBe(0);
  const verbs = [...stdout.matchAll(/^ {2}([a-z-]+)/gm)].map(([, verb]) => verb ?? '');
  expect(verbs).toEqual([
    'start',
    'status',
    'logs',
    'reload',
    'restart',
    'start-child',
    'stop',
    'scale',
    'metrics',
    'reopen-logs',
  ]);
  for (const verb of verbs) {
    const help = await runCommand([verb, '--help']);
    expect([help.code, help.stderr]).toEqual([0, '']);
    expect(help.stdout).toMatch(new RegExp(`^Usage: supervisor ${verb}\\b`));
  }
  expect(await runCommand(['--version'])).toEqual({ code: 0, stdout: '0.0.0\n', stderr: '' });
});

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}
