import { readdirSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { dirname, join } from 'node:path';
import { Supervisor } from '@silly-face/supervisor';
import { expect, onTestFinished, test } from 'vitest';
import { converse, sleeper, supervise } from './control-client.ts';
import { startMainProgram } from './observe.ts';
import { temporaryFolder } from './temporary-folder.ts';

test('the socket is there for its owner alone, and gone with the supervisor', async () => {
  const { supervisor, path } = await supervise();
  expect((statSync(path).mode & 0o777).toString(8)).toBe('600');
  await supervisor.stop();
  expect(readdirSync(dirname(path))).toEqual([]);
});

test('the socket of a living supervisor is not taken, and its process is named', async () => {
  const { path } = await supervise();
  const second = new Supervisor({ children: [{ ...sleeper, name: 'other' }], controlSocket: path });
  await expect(second.start()).rejects.toMatchObject({
    code: 'CONTROL_SOCKET_TAKEN',
    message: `The control socket ${path} belongs to the supervisor ${process.pid}`,
  });
  expect(second.status()[0]?.state).toBe('stopped');
  expect((await converse(path, { command: 'status' }))[0]).toMatchObject({
    ok: true,
    children: [{ name: 'web' }],
  });
});

test('of two that start at the same moment one gets the socket', async () => {
  const path = join(temporaryFolder(), 'race.sock');
  await leaveStale(path);
  const all = Array.from({ length: 8 }, () => new Supervisor({ children: [sleeper], controlSocket: path }));
  onTestFinished(async () => void (await Promise.all(all.map((supervisor) => supervisor.stop()))));
  const outcomes = await Promise.allSettled(all.map((supervisor) => supervisor.start()));
  const reasons = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
  );
  expect(reasons).toHaveLength(all.length - 1);
  for (const reason of reasons) expect(reason).toMatchObject({ code: 'CONTROL_SOCKET_TAKEN' });
});

test('what a killed supervisor has left is replaced', async () => {
  const path = join(temporaryFolder(), 'stale.sock');
  await leaveStale(path);
  const supervisor = new Supervisor({ children: [sleeper], controlSocket: path });
  onTestFinished(() => supervisor.stop());
  await supervisor.start();
  expect((await converse(path, { command: 'status' }))[0]).toMatchObject({ ok: true });
});

async function leaveStale(path: string): Promise<void> {
  const main = startMainProgram({ children: [sleeper], controlSocket: path });
  await main.event('started');
  main.process.kill('SIGKILL');
  await main.exited;
  expect(statSync(path).isSocket()).toBe(true);
}

test('what is no socket, cannot be made or has too long a path is left alone, with the reason', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'file');
  writeFileSync(file, 'precious');
  const long = join(folder, `${'x'.repeat(100)}.sock`);
  for (const [path, message] of [
    [file, 'there is a file that is no socket'],
    [join(folder, 'no', 'folder'), 'ENOENT'],
    [long, `its path has ${long.length} bytes, and that of a unix socket at most 107`],
  ] as const) {
    const supervisor = new Supervisor({ children: [sleeper], controlSocket: path });
    await expect(supervisor.start()).rejects.toMatchObject({
      code: 'BIND_FAILED',
      message: expect.stringContaining(message),
    });
  }
  expect(statSync(file).size).toBe(8);
});

test('a process that stays silent at the socket counts as living', async () => {
  const path = join(temporaryFolder(), 'silent.sock');
  const server = net.createServer(() => {}).listen(path);
  await new Promise((resolve) => server.once('listening', resolve));
  const supervisor = new Supervisor({ children: [], controlSocket: path });
  await expect(supervisor.start()).rejects.toMatchObject({
    code: 'CONTROL_SOCKET_TAKEN',
    message: expect.stringContaining('a process that does not say who it is'),
  });
  server.close();
});
