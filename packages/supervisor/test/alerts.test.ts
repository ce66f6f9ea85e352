import { EventEmitter, once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Supervisor, type AlertEvent, type ChildOptions } from '@silly-face/supervisor';
import { freePort, waitUntil } from '@silly-face/testing';
import { afterEach, expect, test } from 'vitest';
import { fixture } from './observe.ts';
import { temporaryFolder } from './temporary-folder.ts';

let supervisor: Supervisor;
afterEach(() => supervisor.stop());

function watch(child: ChildOptions, alertIntervalMs?: number): AlertEvent[] {
  supervisor = new Supervisor({
    children: [child],
    ...(alertIntervalMs === undefined ? {} : { alertIntervalMs }),
  });
  const alerts: AlertEvent[] = [];
  supervisor.on('alert', (alert) => alerts.push(alert));
  return alerts;
}

const first = (alerts: AlertEvent[], kind: AlertEvent['kind']) =>
  waitUntil(() => alerts.find((alert) => alert.kind === kind), { what: `the alert ${kind}` });

test('a crash is an alert with all that a mail needs', async () => {
  const alerts = watch({ name: 'web', command: 'sh', args: ['-c', 'echo why; kill -TERM $$; sleep 600'] });
  await supervisor.start();
  const alert = await first(alerts, 'crash');
  expect(alert).toMatchObject({
    kind: 'crash',
    child: 'web',
    host: hostname(),
    pid: expect.any(Number),
    exitCode: null,
    signal: 'SIGTERM',
    reason: 'Child "web" was ended by SIGTERM',
    lastLines: ['why'],
    restarts: 1,
    count: 1,
    subject: `[${hostname()}] web crashed: Child "web" was ended by SIGTERM`,
  });
  expect(alert.at).toBeInstanceOf(Date);
  expect(alert.text).toContain('reason:          Child "web" was ended by SIGTERM\n');
  expect(alert.text).toContain(`process:         ${alert.pid}\n`);
  expect(alert.text).toContain('\nlast lines:\n  why\n');
});

test('the alert of a crash has the last words also when the next process has started before them', async () => {
  supervisor = new Supervisor({
    sockets: { api: { port: 0, host: '127.0.0.1' } },
    children: [{ name: 'api', script: fixture('standing.cjs'), sockets: ['api'] }],
  });
  const alerts: AlertEvent[] = [];
  supervisor.on('alert', (alert) => alerts.push(alert));
  await supervisor.start();
  const [{ pid = 0 } = {}] = supervisor.status();
  process.kill(pid, 'SIGKILL');
  expect(await first(alerts, 'crash')).toMatchObject({
    pid,
    signal: 'SIGKILL',
    reason: 'Child "api" was ended by SIGKILL',
    lastLines: expect.arrayContaining(['at its port: true, listening: true']),
  });
});

test('crashes one after the other are one alert at once and one at the end of the interval', async () => {
  const restart = { initialDelayMs: 1, maxDelayMs: 1, maxRestarts: 10_000 };
  const alerts = watch({ name: 'web', command: 'false', restart }, 2_000);
  await supervisor.start();
  const crashes = await waitUntil(
    () => {
      const found = alerts.filter(({ kind }) => kind === 'crash');
      return found.length === 2 && found;
    },
    { what: 'the second alert' },
  );
  const [one, folded] = crashes;
  expect(one?.count).toBe(1);
  expect(folded?.count).toBeGreaterThan(1);
  expect(folded?.restarts).toBe(1 + (folded?.count ?? 0));
  expect(Number(folded?.lastAt)).toBeGreaterThan(Number(folded?.firstAt));
  expect(Number(folded?.at) - Number(one?.at)).toBeGreaterThan(1_900);
  expect(folded?.subject).toContain(`web crashed (${folded?.count} times)`);
});

test('what is kept back goes out when the supervisor stops', async () => {
  const restart = { initialDelayMs: 1, maxDelayMs: 1, maxRestarts: 10_000 };
  const alerts = watch({ name: 'web', command: 'false', restart });
  await supervisor.start();
  await waitUntil(() => (supervisor.status()[0]?.restarts ?? 0) > 3, { what: 'some restarts' });
  expect(alerts).toHaveLength(1);
  await supervisor.stop();
  expect(alerts[1]).toMatchObject({ kind: 'crash', count: expect.any(Number) });
  expect(alerts).toHaveLength(2);
});

test('a child that is not started again is an alert of its own', async () => {
  const alerts = watch({ name: 'web', command: 'false', restart: { maxRestarts: 1 } });
  await supervisor.start();
  const { reason, exitCode } = await first(alerts, 'failed');
  expect(reason).toMatch(/^Child "web" is not started again after 1 restarts within 60000 ms: /);
  expect(exitCode).toBe(1);
});

test('an unhealthy child is an alert with the reason of the check, and so is that it has recovered', async () => {
  const alerts = watch(
    {
      name: 'web',
      script: fixture('server.mjs'),
      port: await freePort(),
      readiness: 'message',
      healthCheck: async () => supervisor.status()[0]?.restarts !== 0,
      healthCheckIntervalMs: 50,
      unhealthyThreshold: 2,
    },
    500,
  );
  await supervisor.start();
  const { reason, child } = await first(alerts, 'unhealthy');
  expect(child).toBe('web');
  expect(reason).toContain('(2 of 2)');
  const recovered = await first(alerts, 'recovered');
  expect(recovered).toMatchObject({
    child: 'web',
    pid: supervisor.status()[0]?.pid,
    reason: 'ready for 500 ms',
  });
  expect(alerts.map(({ kind }) => kind)).toEqual(['unhealthy', 'recovered']);
});

test('a release that is not taken is an alert with the last words of the child that did not get ready', async () => {
  const alerts = watch({ name: 'web', command: 'sleep', args: ['600'] });
  await supervisor.start();
  const migrate = { name: 'migrate', command: 'sh', args: ['-c', 'echo no such table; exit 3'], task: true };
  await expect(supervisor.reload({ children: [migrate] })).rejects.toMatchObject({ code: 'TASK_FAILED' });
  expect(await first(alerts, 'reload-failed')).toMatchObject({
    child: 'migrate',
    exitCode: 3,
    lastLines: ['no such table'],
    reason: expect.stringMatching(/^Reload failed: Task "migrate" exited with code 3/),
    subject: expect.stringContaining('] migrate was not reloaded: Reload failed'),
  });
  await supervisor.stop();
  expect(alerts).toHaveLength(1);
});

test('a crash of long ago is no alert when the child is started by name', async () => {
  const alerts = watch({ name: 'web', command: 'sleep', args: ['600'] }, 100);
  await supervisor.start();
  process.kill(Number(supervisor.status()[0]?.pid), 'SIGKILL');
  await first(alerts, 'recovered');
  await supervisor.stop('web');
  await supervisor.start('web');
  await supervisor.stop();
  expect(alerts.map(({ kind }) => kind)).toEqual(['crash', 'recovered']);
});

test('a start that comes to no process has the reason, and no exit of an earlier one', async () => {
  const script = join(temporaryFolder(), 'gone.mjs');
  writeFileSync(script, 'setInterval(() => {}, 1000);');
  const alerts = watch({ name: 'web', script, restart: { maxRestarts: 1 } });
  await supervisor.start();
  rmSync(script);
  process.kill(Number(supervisor.status()[0]?.pid), 'SIGKILL');
  expect(await first(alerts, 'failed')).toMatchObject({
    pid: undefined,
    exitCode: undefined,
    signal: undefined,
  });
  expect(alerts.at(-1)?.reason).toContain(script);
});

test('a child that is told to stop, and a task that completes, are none', async () => {
  const alerts = watch({ name: 'web', command: 'true', task: true });
  await supervisor.start();
  supervisor.add({ name: 'more', command: 'sleep', args: ['600'] });
  await supervisor.stop();
  expect(alerts).toEqual([]);
});

test('an option sends alerts on, and one that cannot be sent is an event', async () => {
  const sent: string[] = [];
  supervisor = new Supervisor({
    children: [{ name: 'web', command: 'sh', args: ['-c', 'exit 3'], restart: false }],
    onAlert: async ({ subject }) => {
      sent.push(subject);
      await Promise.reject(new Error('no mail server'));
    },
  });
  const failures: string[] = [];
  supervisor.on('hookFailed', ({ error }) => failures.push(`${error.code}: ${error.message}`));
  await supervisor.start();
  await waitUntil(() => failures.length > 0, { what: 'the failure of the hook' });
  expect(sent[0]).toContain('web');
  expect(failures[0]).toBe(`HOOK_FAILED: The hook of the alert "${sent[0]}" failed: no mail server`);
});

test('the stop waits for an alert that is being sent', async () => {
  let isSent = false;
  const mail = new EventEmitter();
  supervisor = new Supervisor({
    children: [{ name: 'web', command: 'sh', args: ['-c', 'exit 3'], restart: false }],
    onAlert: async () => {
      setImmediate(() => mail.emit('asked'));
      await once(mail, 'delivered');
      isSent = true;
    },
  });
  const asked = once(mail, 'asked');
  await supervisor.start();
  await asked;
  const stopped = supervisor.stop();
  setImmediate(() => mail.emit('delivered'));
  await stopped;
  expect(isSent).toBe(true);
});
