// Each child, or instance, with a held socket of its own.
import { Supervisor, type SupervisorOptions } from '@silly-face/supervisor';
import { freePort, openDescriptors, waitUntil } from '@silly-face/testing';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ask } from './ask.ts';
import { startLoad } from './load.ts';
import { fixture, observe, pids, portOf } from './observe.ts';
import { temporaryFolder } from './temporary-folder.ts';

const server = { script: fixture('server.mjs'), readiness: 'message' } as const;

test('each instance has the next port, which it keeps through a crash and a reload', async () => {
  const port = await freeRange(2);
  const supervisor = new Supervisor({
    children: [{ name: 'api', ...server, instances: 2, listen: { port, host: '127.0.0.1' } }],
  });
  await supervisor.start();
  expect(supervisor.status()).toMatchObject([{ port }, { port: port + 1 }]);
  expect(supervisor.address('api-2')).toMatchObject({ address: '127.0.0.1', port: port + 1 });
  expect(await ask(port)).toBe(String(pids(supervisor)['api-1']));
  expect(await ask(port + 1)).toBe(String(pids(supervisor)['api-2']));
  await ask(port, '/crash').catch(() => {});
  const load = startLoad(port);
  await supervisor.reload();
  expect((await load.stop()).failures).toEqual([]);
  expect(await ask(port)).toBe(String(pids(supervisor)['api-1']));
  await supervisor.stop();
  await expect(ask(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('with port 0 each instance has a port of its own, told as PORT, before the shared sockets', async () => {
  const script = 'echo $LISTEN_FDS $LISTEN_FDNAMES $PORT';
  const supervisor = new Supervisor({
    sockets: { admin: { port: 0, host: '127.0.0.1' } },
    children: [
      {
        name: 'sh',
        command: 'sh',
        args: ['-c', script],
        task: true,
        instances: 2,
        sockets: ['admin'],
        listen: { port: 0, host: '127.0.0.1' },
      },
    ],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  const ports = ['sh-1', 'sh-2'].map((name) => portOf(supervisor, name));
  expect(new Set(ports).size).toBe(2);
  expect(observed.lines('sh-1')).toEqual([`2 sh-1:admin ${ports[0]}`]);
  expect(observed.lines('sh-2')).toEqual([`2 sh-2:admin ${ports[1]}`]);
  expect(() => supervisor.address('sh')).toThrow('There is no socket "sh"');
  await supervisor.stop();
});

test('the number of an instance comes before the extension of its path', async () => {
  const folder = temporaryFolder();
  const supervisor = new Supervisor({
    children: [
      { name: 'api', ...server, instances: 2, listen: { path: join(folder, 'api.sock') } },
      { name: 'one', ...server, listen: { path: join(folder, 'one.sock') } },
    ],
  });
  await supervisor.start();
  for (const name of ['api-1', 'api-2', 'one']) {
    expect(supervisor.address(name)).toBe(join(folder, `${name}.sock`));
    expect(await ask({ socketPath: join(folder, `${name}.sock`) })).toBe(String(pids(supervisor)[name]));
  }
  await supervisor.scale('api', 1);
  expect(existsSync(join(folder, 'api-2.sock'))).toBe(false);
  await supervisor.scale('api', 2);
  expect(await ask({ socketPath: join(folder, 'api-2.sock') })).toBe(String(pids(supervisor)['api-2']));
  await supervisor.stop();
  expect(existsSync(join(folder, 'one.sock'))).toBe(false);
});

test('further ones are numbered alike, come behind the shared ones, and are closed with their instance', async () => {
  const port = await freeRange(2);
  const folder = temporaryFolder();
  const supervisor = new Supervisor({
    sockets: { web: { port: 0, host: '127.0.0.1' } },
    children: [
      {
        name: 'api',
        script: fixture('two-sockets.mjs'),
        readiness: 'message',
        instances: 2,
        listen: { path: join(folder, 'api.sock') },
        sockets: ['web'],
        ownSockets: { metrics: { port, host: '127.0.0.1' } },
      },
    ],
  });
  await supervisor.start();
  for (const [index, name] of ['api-1', 'api-2'].entries()) {
    expect(supervisor.address(`${name}-metrics`)).toMatchObject({ port: port + index });
    const said = `${pids(supervisor)[name]} 3 ${name}:web:${name}-metrics`;
    expect(await ask(port + index)).toBe(said);
    expect(await ask({ socketPath: join(folder, `${name}.sock`) })).toBe(said);
  }
  const load = startLoad(port);
  await supervisor.reload();
  expect((await load.stop()).failures).toEqual([]);
  expect(await ask(port)).toContain(String(pids(supervisor)['api-1']));
  await supervisor.scale('api', 1);
  await expect(ask(port + 1)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await supervisor.stop();
});

test('two that mean the same place, or a port past the last one, are refused', () => {
  const child = { name: 'api', ...server, instances: 2 };
  const listen = { port: 4001, host: '127.0.0.1' };
  expect(
    () =>
      new Supervisor({
        children: [{ ...child, listen, ownSockets: { metrics: { ...listen, port: 4002 } } }],
      }),
  ).toThrow('got 127.0.0.1:4002 for "api-1-metrics" and "api-2"');
  expect(
    () => new Supervisor({ children: [{ ...child, ownSockets: { metrics: { port: 65_535 } } }] }),
  ).toThrow('Expected the ports of child "api" to be up to 65535, got 65535');
});

test('a reload to another port serves there, and closes the old one; a bad release leaves the old one open', async () => {
  const [first, second, third] = [await freePort(), await freePort(), await freePort()];
  const at = (port: number, script = server.script): SupervisorOptions => ({
    children: [{ name: 'api', ...server, script, listen: { port, host: '127.0.0.1' } }],
  });
  const supervisor = new Supervisor(at(first));
  await supervisor.start();
  await supervisor.reload(at(second));
  expect(await ask(second)).toBe(String(pids(supervisor)['api']));
  await expect(ask(first)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await expect(supervisor.reload(at(third, fixture('burst.mjs')))).rejects.toMatchObject({
    code: 'CHILD_EXITED',
  });
  expect(await ask(second)).toBe(String(pids(supervisor)['api']));
  expect(supervisor.status()).toMatchObject([{ port: second }]);
  await expect(ask(third)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await supervisor.stop();
});

test('an added child brings its socket, and takes it along', async () => {
  const port = await freePort();
  const before = openDescriptors();
  const supervisor = new Supervisor();
  const child = supervisor.add({ name: 'api', ...server, listen: { port, host: '127.0.0.1' } });
  await waitUntil(() => child.status().state === 'ready', { what: 'the child' });
  expect(await ask(port)).toBe(String(pids(supervisor)['api']));
  expect(() => supervisor.add({ name: 'other', ...server, listen: { port, host: '127.0.0.1' } })).toThrow(
    `Expected each socket to have a place of its own, got 127.0.0.1:${port} for "api" and "other"`,
  );
  await child.stop();
  await expect(ask(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  expect(supervisor.status()).toEqual([]);
  await supervisor.stop();
  await waitUntil(() => openDescriptors() <= before, { what: 'closed descriptors' });
});

test('an added child whose port is taken is tried again, and the others are none the wiser', async () => {
  const port = await freePort();
  const first = new Supervisor({
    children: [{ name: 'api', ...server, listen: { port, host: '127.0.0.1' } }],
  });
  await first.start();
  const supervisor = new Supervisor();
  const observed = observe(supervisor);
  const child = supervisor.add({
    name: 'api',
    ...server,
    listen: { port, host: '127.0.0.1' },
    restart: { initialDelayMs: 50, maxRestarts: 1_000 },
  });
  const other = supervisor.add({ name: 'other', ...server, listen: { port: 0, host: '127.0.0.1' } });
  await waitUntil(() => other.status().state === 'ready', { what: 'the other child' });
  await waitUntil(
    () => observed.states.some(({ reason }) => reason.includes('is taken by another process')),
    {
      what: 'the refusal',
    },
  );
  await first.stop();
  await waitUntil(() => child.status().state === 'ready', { what: 'the child' });
  expect(await ask(port)).toBe(String(pids(supervisor)['api']));
  expect(observed.path('other')).toEqual(['starting', 'ready']);
  await supervisor.stop();
});

test('a child that is added before any start comes when its shared socket can be bound', async () => {
  const port = await freePort();
  const sockets = { api: { port, host: '127.0.0.1' } };
  const first = new Supervisor({ sockets, children: [{ name: 'api', ...server, sockets: ['api'] }] });
  await first.start();
  const supervisor = new Supervisor({ sockets });
  const observed = observe(supervisor);
  const restart = { initialDelayMs: 50, maxRestarts: 1_000 };
  const child = supervisor.add({ name: 'api', ...server, sockets: ['api'], restart });
  await waitUntil(
    () => observed.states.some(({ reason }) => reason.includes('is taken by another process')),
    { what: 'the refusal' },
  );
  await expect(supervisor.bind()).rejects.toMatchObject({ code: 'PORT_TAKEN' });
  await first.stop();
  await waitUntil(() => child.status().state === 'ready', { what: 'the child' });
  expect(await ask(port)).toBe(String(pids(supervisor)['api']));
  await supervisor.stop();
});

/** The first of so many free ports in a row. */
async function freeRange(count: number): Promise<number> {
  for (;;) {
    const first = await freePort();
    const probe = new Supervisor({
      sockets: Object.fromEntries(
        Array.from({ length: count }, (_, index) => [
          `s${index}`,
          { port: first + index, host: '127.0.0.1' },
        ]),
      ),
    });
    const isFree = await probe.bind().then(
      () => true,
      () => false,
    );
    await probe.stop();
    if (isFree) return first;
  }
}
