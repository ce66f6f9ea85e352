import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isAlive, waitUntil } from '@silly-face/testing';
import { afterEach, expect, test } from 'vitest';
import { runCommand, startCommand, type ProgramRun } from './command-line.ts';
import { folderOfTheFile } from './temporary-folder.ts';

const folder = folderOfTheFile();

const runs: ProgramRun[] = [];
afterEach(async () => {
  for (const run of runs.splice(0)) {
    run.process.kill('SIGTERM');
    await run.exited;
  }
});

/** A folder with a configuration and its supervisor, which runs when this resolves. */
async function supervise(
  options: object,
  name = 'supervisor.json',
): Promise<{ cwd: string; run: ProgramRun }> {
  const cwd = join(folder, String(Math.random()));
  mkdirSync(cwd);
  writeFileSync(join(cwd, name), JSON.stringify(options));
  const run = startCommand(['start', name], { cwd });
  runs.push(run);
  await waitUntil(() => existsSync(join(cwd, 'supervisor.sock')), { what: 'the control socket' });
  return { cwd, run };
}

const talker = {
  name: 'web',
  command: 'sh',
  args: ['-c', 'echo one; echo two >&2; exec sleep 600'],
};
const task = { name: 'migrate', command: 'true', task: true };

test('status is a table for people, JSON for programs', async () => {
  const { cwd, run } = await supervise({ children: [{ ...talker, port: 8080 }, task] });
  await waitUntil(async () => (await runCommand(['status'], { cwd })).stdout.includes(' ready '), {
    what: 'web to be ready',
  });
  const { code, stdout } = await runCommand(['status'], { cwd });
  expect(code).toBe(0);
  const [title, header, web, migrate] = stdout.split('\n');
  expect(title).toMatch(
    new RegExp(
      `^supervisor ${run.pid}, version 0\\.0\\.0, Node\\.js ${process.versions.node}, up \\d+s, [\\d.]+ MiB$`,
    ),
  );
  expect(header).toMatch(/^NAME +STATE +PID +PORT +RESTARTS +HEALTH +RSS +CPU +LOOP LAG +UPTIME +SPARE$/);
  expect(web).toMatch(/^web +ready +\d+ +8080 +0 +- +[\d.]+ MiB +[\d.]+ s +- +\S+ +-$/);
  expect(migrate).toMatch(/^migrate +completed +- +- +0 +- /);
  const json = await runCommand(['status', '--json'], { cwd });
  expect(JSON.parse(json.stdout)).toMatchObject({
    supervisor: { pid: run.pid },
    children: [
      { name: 'web', state: 'ready', port: 8080, restartsByReason: { exit: 0 } },
      { name: 'migrate' },
    ],
  });
});

test('colours are for terminals, and not with NO_COLOR', async (context) => {
  const { cwd } = await supervise({ children: [talker] });
  if (!existsSync('/usr/bin/script')) context.skip('there is no script(1) to make a terminal');
  await waitUntil(async () => (await runCommand(['status'], { cwd })).stdout.includes(' ready '), {
    what: 'web to be ready',
  });
  expect(await statusOnTerminal(cwd, {})).toContain('\u001B[32mready\u001B[0m');
  expect(await statusOnTerminal(cwd, { NO_COLOR: '1' })).not.toContain('\u001B');
  expect((await runCommand(['status'], { cwd })).stdout).not.toContain('\u001B');
});

async function statusOnTerminal(cwd: string, env: object): Promise<string> {
  const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
  const script = spawn('/usr/bin/script', ['-qec', `'${process.execPath}' '${main}' status`, '/dev/null'], {
    cwd,
    env: { ...process.env, NO_COLOR: undefined, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  script.stdout.on('data', (chunk: Buffer) => (text += String(chunk)));
  await once(script, 'close');
  return text;
}

test('logs prints the last lines, and follows until the supervisor ends', async () => {
  const { cwd } = await supervise({ children: [talker, { ...talker, name: 'other' }] });
  const logs = async (...args: string[]): Promise<string> =>
    (await runCommand(['logs', ...args], { cwd })).stdout;
  await waitUntil(
    async () => (await logs()).includes('web | two') && (await logs()).includes('other | two'),
    {
      what: 'the lines',
    },
  );
  expect(await logs()).toMatch(/^supervisor \| web: starting, started$/m);
  expect((await logs('web')).split('\n').filter((line) => line.startsWith('web |'))).toEqual([
    'web | one',
    'web | two',
  ]);
  expect(await logs('web')).not.toContain('other |');
  expect((await logs('-n', '1')).trimEnd().split('\n')).toHaveLength(1);
  const follower = startCommand(['logs', '-f', 'web'], { cwd });
  await waitUntil(() => follower.stdout().includes('web | two'), { what: 'the lines so far' });
  expect((await runCommand(['stop'], { cwd })).code).toBe(0);
  expect(await follower.exited).toEqual([0, null]);
  expect(follower.stdout()).toMatch(/web: stopped, the supervisor stops\n$/);
  const nobody = await runCommand(['logs'], { cwd });
  expect([nobody.code, nobody.stderr]).toEqual([
    1,
    'supervisor | No supervisor listens at supervisor.sock: there is no such file\n',
  ]);
});

test('stop returns when the supervisor and its children are gone', async () => {
  const { cwd, run } = await supervise({ children: [talker] });
  const child = await waitUntil(() => /web \((\d+)\): ready/.exec(run.stderr())?.[1], { what: 'the child' });
  const { code, stderr } = await runCommand(['stop'], { cwd });
  expect(code).toBe(0);
  expect(stderr).toMatch(/web \(\d+\): stopping, .*\n(.*\n)*supervisor \| stop: done\n$/);
  expect(isAlive(Number(child))).toBe(false);
  expect(await run.exited).toEqual([0, null]);
  expect(existsSync(join(cwd, 'supervisor.sock'))).toBe(false);
});

test('a stop during the start is no failure of the start', async () => {
  const slow = { name: 'slow', command: 'sleep', args: ['600'], task: true };
  const { cwd, run } = await supervise({ children: [slow] });
  expect((await runCommand(['stop'], { cwd })).code).toBe(0);
  expect(await run.exited).toEqual([0, null]);
});

test('a supervisor that never answers is given up after ten seconds, and one that takes longer to stop is not', async () => {
  const stubborn = { ...talker, args: ['-c', 'trap "" TERM; sleep 600 & wait; sleep 600'] };
  const { cwd, run } = await supervise({ children: [{ ...stubborn, stopTimeoutMs: 11_000 }] });
  await waitUntil(() => run.stderr().includes('web (') && run.stderr().includes(': ready'), {
    what: 'the start',
  });
  run.process.kill('SIGSTOP');
  const asked = [['status'], ['logs'], ['logs', '-f'], ['metrics'], ['reload'], ['stop']];
  const answers = await Promise.all(asked.map((args) => runCommand(args, { cwd }))).finally(() =>
    run.process.kill('SIGCONT'),
  );
  const stderr = 'supervisor | Cannot ask the supervisor at supervisor.sock: no answer within 10000 ms\n';
  expect(answers).toEqual(asked.map(() => ({ code: 1, stdout: '', stderr })));
  const follower = startCommand(['logs', '-f'], { cwd });
  expect((await runCommand(['stop'], { cwd })).code).toBe(0);
  expect(await follower.exited).toEqual([0, null]);
});

test('reload tells what happens; one that fails says why, with the last words, and exits with 1', async () => {
  const { cwd, run } = await supervise({ children: [talker, { ...task, args: [] as string[] }] });
  await waitUntil(() => run.stderr().includes('migrate: completed'), { what: 'the start' });
  const done = await runCommand(['reload'], { cwd });
  expect(done.code).toBe(0);
  expect(done.stderr).toMatch(/^supervisor \| migrate: starting, .*\n(.*\n)*supervisor \| reload: done\n$/);
  const broken = { ...task, command: 'sh', args: ['-c', 'echo no such table; exit 3'] };
  writeFileSync(join(cwd, 'supervisor.json'), JSON.stringify({ children: [talker, broken] }));
  const failed = await runCommand(['reload'], { cwd });
  expect(failed.code).toBe(1);
  expect(failed.stderr).toContain(
    'supervisor | Reload failed: Task "migrate" exited with code 3 (replaced: none; as they were: web); its last words:\n  no such table\n',
  );
  writeFileSync(join(cwd, 'supervisor.json'), '{ "children": ');
  const unreadable = await runCommand(['reload'], { cwd });
  expect(unreadable.code).toBe(1);
  expect(unreadable.stderr).toContain('expected a value, but the file ends');
  expect((await runCommand(['status'], { cwd })).stdout).toMatch(/^web +ready /m);
});

test('children are restarted, stopped, started and scaled by name', async () => {
  const { cwd, run } = await supervise({ children: [{ ...talker, instances: 1 }] });
  const pid = await waitUntil(() => /web-1 \((\d+)\): ready/.exec(run.stderr())?.[1], { what: 'the child' });
  const command = async (...args: string[]): Promise<string> => {
    const { code, stderr } = await runCommand(args, { cwd });
    expect(stderr).toContain(': done\n');
    expect(code).toBe(0);
    return (await runCommand(['status'], { cwd })).stdout;
  };
  expect(await command('restart', 'web')).toMatch(new RegExp(`^web-1 +ready +(?!${pid} )\\d+`, 'm'));
  expect(await command('restart')).toMatch(/^web-1 +ready/m);
  expect(await command('stop', 'web-1')).toMatch(/^web-1 +stopped +-/m);
  expect(await command('start-child', 'web-1')).toMatch(/^web-1 +ready/m);
  expect(await command('scale', 'web', '3')).toMatch(/^web-3 +ready/m);
  expect(await command('scale', 'web', '1')).not.toContain('web-3');
  const wrong = await runCommand(['restart', 'wbe'], { cwd });
  expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('There is no child "wbe"')]);
});

test('reopen-logs lets go of a log file that somebody has moved', async () => {
  const tick = { name: 'tick', command: 'sh', args: ['-c', 'while :; do echo tick; sleep 0.05; done'] };
  const log = join(folder, 'tick.log');
  const { cwd } = await supervise({ children: [tick], output: [{ type: 'file', path: log }] });
  await waitUntil(() => existsSync(log), { what: 'the log file' });
  renameSync(log, `${log}.1`);
  expect((await runCommand(['reopen-logs'], { cwd })).code).toBe(0);
  await waitUntil(() => existsSync(log) && readFileSync(log, 'utf8').includes('tick | tick'), {
    what: 'the new log file',
  });
});

test('the socket is found by --socket, by --config, or in this folder', async () => {
  const { cwd } = await supervise({ children: [talker] });
  const socket = join(cwd, 'supervisor.sock');
  for (const args of [
    ['--socket', socket],
    ['--config', join(cwd, 'supervisor.json')],
  ]) {
    expect((await runCommand(['metrics', ...args])).stdout).toContain('supervisor_child_up{child="web"}');
  }
  const elsewhere = await runCommand(['status'], { cwd: folder });
  expect([elsewhere.code, elsewhere.stdout]).toEqual([1, '']);
});

test('a second supervisor of the same folder is refused, and names the first', async () => {
  const { cwd, run } = await supervise({ children: [talker] });
  const { code, stderr } = await runCommand(['start', 'supervisor.json'], { cwd });
  expect([code, stderr]).toEqual([
    1,
    `supervisor | The control socket supervisor.sock belongs to the supervisor ${run.pid}\n`,
  ]);
  expect(
    (await runCommand(['start', 'supervisor.json', '--socket', 'x'.repeat(200)], { cwd })).stderr,
  ).toContain('its path has 200 bytes, and that of a unix socket at most 107');
});
