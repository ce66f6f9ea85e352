import {
  Supervisor,
  type ChildOptions,
  type MemoryEvent,
  type SpareEvent,
  type SupervisorOptions,
} from '@silly-face/supervisor';
import { freePort, waitUntil } from '@silly-face/testing';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fixture, observe } from './observe.ts';
import { temporaryFolder } from './temporary-folder.ts';

const limitBytes = 150 * 1024 * 1024;
const growing = {
  name: 'api',
  script: fixture('growing.mjs'),
  readiness: 'message',
  memoryLimitBytes: limitBytes,
  memoryCheckIntervalMs: 50,
} satisfies ChildOptions;

describe.skipIf(process.platform !== 'linux')('a memory limit', () => {
  test('replaces a process that holds too much by its spare, before it is told to stop', async () => {
    const supervisor = new Supervisor({
      sockets: { api: { port: 0, host: '127.0.0.1' } },
      children: [{ ...growing, sockets: ['api'], spare: true }],
    });
    const observed = observe(supervisor);
    const exceeded = memoryEvents(supervisor);
    await supervisor.start();
    await waitUntil(() => supervisor.status()[0]?.spare, { what: 'the spare' });
    const [{ pid = 0, sparePid = 0 } = {}] = supervisor.status();
    process.kill(pid, 'SIGUSR2');
    await waitUntil(() => observed.exits.length > 0, { what: 'the end of the old one' });
    expect(observed.exits).toMatchObject([{ pid, code: 0 }]);
    expect(observed.path('api')).toEqual(['starting', 'ready', 'ready']);
    expect(exceeded[0]).toMatchObject({ child: 'api', pid, limitBytes });
    expect(exceeded[0]?.rssBytes).toBeGreaterThan(limitBytes);
    expect(supervisor.status()[0]).toMatchObject({
      pid: sparePid,
      restarts: 1,
      restartsByReason: { memory: 1 },
      lastError: { code: 'MEMORY_LIMIT_EXCEEDED' },
    });
    await supervisor.stop();
  });

  test('restarts a process whose port only one can have', async () => {
    const supervisor = new Supervisor({ children: [{ ...growing, port: await freePort() }] });
    const observed = observe(supervisor);
    await supervisor.start();
    process.kill(supervisor.status()[0]?.pid ?? 0, 'SIGUSR2');
    await waitUntil(() => observed.path('api').length === 6, { what: 'the restart' });
    expect(observed.path('api')).toEqual([
      'starting',
      'ready',
      'stopping',
      'backing off',
      'starting',
      'ready',
    ]);
    expect(supervisor.status()[0]).toMatchObject({ restartsByReason: { memory: 1, exit: 0 } });
    await supervisor.stop();
  });

  test('of a process that is being replaced has no further effect', async () => {
    const folder = temporaryFolder();
    const gate = join(folder, 'gate');
    const script = join(folder, 'slow.mjs');
    writeFileSync(
      script,
      `import { existsSync } from 'node:fs';
       console.log('waiting');
       const timer = setInterval(() => {
         if (!existsSync(${JSON.stringify(gate)})) return;
         clearInterval(timer);
         process.send('ready');
       }, 10);
       process.on('message', () => {});`,
    );
    const release = (file: string): SupervisorOptions => ({
      sockets: { api: { port: 0, host: '127.0.0.1' } },
      children: [{ ...growing, script: file, sockets: ['api'], restart: { maxRestarts: 0 } }],
    });
    const supervisor = new Supervisor(release(growing.script));
    const observed = observe(supervisor);
    const exceeded = memoryEvents(supervisor);
    await supervisor.start();
    const [{ pid = 0 } = {}] = supervisor.status();
    const reloaded = supervisor.reload(release(script));
    await waitUntil(() => observed.lines('api').includes('waiting'), { what: 'the new process' });
    process.kill(pid, 'SIGUSR2');
    await waitUntil(() => exceeded.length > 1, { what: 'the limit' });
    writeFileSync(gate, '');
    await reloaded;
    expect(observed.failures).toEqual([]);
    expect(observed.path('api')).toEqual(['starting', 'ready', 'ready']);
    expect(supervisor.status()[0]).toMatchObject({ restartsByReason: { memory: 0, reload: 1 } });
    await supervisor.stop();
  });

  test('of a process that dies before its successor is ready, for the last time that it may, leaves a spare that a stop ends', async () => {
    const folder = temporaryFolder();
    const [began, gate] = [join(folder, 'began'), join(folder, 'gate')];
    const script = join(folder, 'app.cjs');
    writeFileSync(
      script,
      `const { existsSync, writeFileSync } = require('node:fs');
       const held = [];
       process.on('SIGUSR2', () => held.push(Buffer.alloc(${limitBytes}, 1)));
       const listen = () => require('node:http').createServer().listen({ fd: 3 });
       const timer = setInterval(() => {
         if (existsSync(${JSON.stringify(began)}) && !existsSync(${JSON.stringify(gate)})) return;
         clearInterval(timer);
         writeFileSync(${JSON.stringify(began)}, '');
         listen();
       }, 10);
       console.log('waiting');`,
    );
    const supervisor = new Supervisor({
      sockets: { api: { port: 0, host: '127.0.0.1' } },
      children: [
        {
          ...growing,
          script,
          sockets: ['api'],
          readiness: 'listening',
          spare: true,
          restart: { maxRestarts: 1, initialDelayMs: 1 },
        },
      ],
    });
    onTestFinished(() => supervisor.kill());
    const observed = observe(supervisor);
    const promoted: SpareEvent[] = [];
    supervisor.on('spare', (event) => event.what === 'promoted' && promoted.push(event));
    await supervisor.start();
    const [{ pid = 0 } = {}] = supervisor.status();
    await waitUntil(() => observed.lines('api').length === 2, { what: 'the spare that starts' });
    process.kill(pid, 'SIGUSR2');
    await waitUntil(() => promoted.length > 0, { what: 'the successor' });
    process.kill(pid, 'SIGKILL');
    await waitUntil(() => supervisor.status()[0]?.state === 'failed', { what: 'the end of all patience' });
    writeFileSync(gate, '');
    await waitUntil(() => supervisor.status()[0]?.spare, { what: 'the next spare' });
    expect(supervisor.status()[0]).toMatchObject({ state: 'ready', pid: promoted[0]?.pid });
    await supervisor.stop();
    expect(observed.exits).toHaveLength(3);
  });

  test.each<[string, { port?: true; sockets?: string[] }]>([
    ['held', { sockets: ['api'] }],
    ['its own', { port: true }],
  ])(
    'gives up a child on a socket that is %s when each new process holds too much as well',
    async (_whose, { port, ...options }) => {
      const supervisor = new Supervisor({
        sockets: { api: { port: 0, host: '127.0.0.1' } },
        children: [
          {
            ...growing,
            ...options,
            port: port && (await freePort()),
            memoryLimitBytes: 1_000_000,
            restart: { initialDelayMs: 1, maxRestarts: 2 },
          },
        ],
      });
      const observed = observe(supervisor);
      await supervisor.start();
      await waitUntil(() => observed.failures.length > 0, { what: 'the failure' });
      expect(observed.failures[0]?.error).toMatchObject({
        code: 'RESTART_LIMIT',
        message: expect.stringContaining('bytes of memory, more than 1000000'),
      });
      expect(supervisor.status()[0]).toMatchObject({ state: 'failed', restarts: 2, pid: undefined });
      await supervisor.stop();
      expect(observed.exits).toHaveLength(3);
    },
  );
});

function memoryEvents(supervisor: Supervisor): MemoryEvent[] {
  const events: MemoryEvent[] = [];
  supervisor.on('memory', (event) => events.push(event));
  return events;
}
