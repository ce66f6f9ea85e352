import { SupervisorError, Supervisor } from '@silly-face/supervisor';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync, existsSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { openDescriptors, waitUntil } from '@silly-face/testing';
import { expect, test } from 'vitest';
import { ask } from './ask.ts';
import { fixture, observe, portOf } from './observe.ts';
import { temporaryFolder } from './temporary-folder.ts';

test('a socket is bound before anybody starts, and port 0 lets the system choose', async () => {
  const supervisor = new Supervisor({ sockets: { api: { port: 0, host: '127.0.0.1' } } });
  expect(() => supervisor.address('api')).toThrow('The socket "api" is not bound');
  expect(() => supervisor.address('web')).toThrow('There is no socket "web"');
  await supervisor.bind();
  expect(supervisor.address('api')).toMatchObject({ address: '127.0.0.1', family: 'IPv4' });
  expect(portOf(supervisor)).toBeGreaterThan(0);
  await supervisor.stop();
});

test('between a crash and the next process no connection is refused', async () => {
  const supervisor = new Supervisor({
    sockets: { api: { port: 0, host: '127.0.0.1' } },
    children: [
      {
        name: 'api',
        script: fixture('server.mjs'),
        sockets: ['api'],
        readiness: 'message',
        restart: { initialDelayMs: 300 },
      },
    ],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  const port = portOf(supervisor);
  const pids = new Set<string>();
  for (let crash = 1; crash <= 2; crash++) {
    pids.add(await ask(port));
    // The crash itself may well reset the connection that asks for it.
    await ask(port, '/crash').catch(() => {});
    // Asked while nobody is there: the connection waits in the socket's queue until the next process takes it.
    const answers = await Promise.all(Array.from({ length: 20 }, async () => ask(port)));
    expect(new Set(answers).size).toBe(1);
    expect(pids).not.toContain(answers[0]);
    await waitUntil(() => supervisor.status()[0]?.restarts === crash, { what: 'the restart' });
  }
  expect(observed.exits.map(({ code }) => code)).toEqual([3, 3]);
  await supervisor.stop();
  await expect(ask(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('a program that is not Node.js is told of its sockets as systemd does it', async () => {
  const script = `echo $LISTEN_FDS $LISTEN_FDNAMES $PORT; [ "$LISTEN_PID" = $$ ] && echo mine; readlink /proc/$$/fd/3 /proc/$$/fd/4; sed -n 's/^flags:.*0\\([0-9]\\)$/blocking \\1/p' /proc/$$/fdinfo/3`;
  const supervisor = new Supervisor({
    sockets: { one: { port: 0, host: '127.0.0.1' }, two: { port: 0, host: '127.0.0.1' } },
    children: [{ name: 'sh', command: 'sh', args: ['-c', script], sockets: ['two', 'one'], task: true }],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  const port = portOf(supervisor, 'two');
  expect(observed.lines('sh')).toEqual([
    `2 two:one ${port}`,
    'mine',
    expect.stringMatching(/^socket:/),
    expect.stringMatching(/^socket:/),
    'blocking 2',
  ]);
  await supervisor.stop();
});

test.each(["PORT, '127.0.0.1', 1000", '{ port: PORT, backlog: 1000 }', '{ fd: 3 }, 1000'])(
  'a script has as long a queue on a held socket as it has asked for: listen(%s)',
  async (where) => {
    const script = join(temporaryFolder(), 'script.cjs');
    writeFileSync(
      script,
      `const { PORT } = process.env; require('node:net').createServer((socket) => socket.end('here')).listen(${where});`,
    );
    const supervisor = new Supervisor({
      sockets: { api: { port: 0, host: '127.0.0.1' } },
      children: [{ name: 'api', script, sockets: ['api'] }],
    });
    await supervisor.start();
    const pid = supervisor.status()[0]?.pid as number;
    process.kill(pid, 'SIGSTOP');
    // More than a queue of Node's usual length would take while nobody accepts.
    const crowd = Array.from({ length: 700 }, () => connect(portOf(supervisor), '127.0.0.1'));
    await Promise.all(crowd.map((socket) => once(socket, 'connect')));
    process.kill(pid, 'SIGCONT');
    const answers = await Promise.all(crowd.map((socket) => once(socket, 'data')));
    expect(new Set(answers.map(String))).toEqual(new Set(['here']));
    await supervisor.stop();
  },
);

test('a script that knows nothing of us listens on the held port and path, and is ready when it does', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'api.sock');
  const supervisor = new Supervisor({
    sockets: { port: { port: 0 }, path: { path } },
    children: [{ name: 'app', script: fixture('unmodified.cjs'), args: [path], sockets: ['path', 'port'] }],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  const port = portOf(supervisor, 'port');
  await waitUntil(() => observed.lines('app').length >= 3, { what: 'both servers and a forked process' });
  expect(observed.lines('app').toSorted()).toEqual([
    'forked: on its own port, LISTEN_PID is its own: false',
    'listening on the path',
    'listening on the port',
  ]);
  expect(await ask(port)).toBe('port');
  expect(await ask({ socketPath: path })).toBe('path');
  await supervisor.stop();
});

test('a child without sockets is not told of any, not even of those that we were given', async () => {
  process.env['LISTEN_FDS'] = '1';
  process.env['LISTEN_PID'] = String(process.pid);
  try {
    const supervisor = new Supervisor({ children: [{ name: 'sh', command: 'env', task: true }] });
    const observed = observe(supervisor);
    await supervisor.start();
    expect(observed.lines('sh').filter((line) => line.startsWith('LISTEN_'))).toEqual([]);
    await supervisor.stop();
  } finally {
    delete process.env['LISTEN_FDS'];
    delete process.env['LISTEN_PID'];
  }
});

test('a unix socket is held like a port: a stale one is replaced, a living one and other files are not, ours is removed', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'api.sock');
  const supervisors = [1, 2].map(
    () =>
      new Supervisor({
        sockets: { api: { path } },
        children: [{ name: 'api', script: fixture('server.mjs'), sockets: ['api'], readiness: 'message' }],
      }),
  );
  const [first, second] = supervisors;
  const dying = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  expect(spawnSync(process.execPath, ['-e', dying]).signal).toBe('SIGKILL');
  expect(existsSync(path)).toBe(true);
  await first?.start();
  expect(first?.address('api')).toBe(path);
  expect(await ask({ socketPath: path })).toBe(String(first?.status()[0]?.pid));
  const error = await second?.start().catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'PORT_TAKEN', message: expect.stringContaining(path) });
  await first?.stop();
  expect(existsSync(path)).toBe(false);
  writeFileSync(path, 'not a socket');
  const third = new Supervisor({ sockets: { api: { path } } });
  await expect(third.bind()).rejects.toMatchObject({ code: 'PORT_TAKEN' });
  expect(existsSync(path)).toBe(true);
});

test.skipIf(process.platform !== 'linux')(
  'a unix socket on which no child listens yet is not taken for a stale one',
  async () => {
    const path = join(temporaryFolder(), 'api.sock');
    const [first, second] = [1, 2].map(() => new Supervisor({ sockets: { api: { path } } }));
    await first?.bind();
    await expect(second?.bind()).rejects.toMatchObject({ code: 'PORT_TAKEN' });
    expect(existsSync(path)).toBe(true);
    await first?.stop();
  },
);

test('a port that somebody else has is an error of its own, and nothing is left open', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const port = portOf(other);
  const before = openDescriptors();
  const supervisor = new Supervisor({
    sockets: { free: { port: 0, host: '127.0.0.1' }, api: { port, host: '127.0.0.1' } },
    children: [{ name: 'api', script: fixture('server.mjs'), sockets: ['api'] }],
  });
  const error = await supervisor.start().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(SupervisorError);
  expect(error).toMatchObject({
    code: 'PORT_TAKEN',
    message: `Cannot bind the socket "api": 127.0.0.1:${port} is taken by another process`,
    cause: { code: 'EADDRINUSE' },
  });
  await waitUntil(() => openDescriptors() <= before, { what: 'closed sockets' });
  other.close();
});

test('a host without an address cannot be bound', async () => {
  const supervisor = new Supervisor({ sockets: { api: { port: 0, host: 'no-such-host.invalid' } } });
  await expect(supervisor.bind()).rejects.toMatchObject({ code: 'BIND_FAILED' });
});
