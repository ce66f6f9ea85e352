import { fork } from 'node:child_process';
import { once } from 'node:events';
import { httpCheck, reloadMonitoredChildren, spawnMonitoredChild } from '@silly-face/supervisor';
import { freePort, isAlive, waitUntil } from '@silly-face/testing';
import { expect, test } from 'vitest';
import { ask } from './ask.ts';
import { startLoad } from './load.ts';
import { fixture } from './observe.ts';

interface Message {
  child?: string;
  to?: string;
  pid?: number;
  stopped?: string;
  left?: string[];
  restarted?: string;
  takes?: number;
  outcome?: string;
  replaced?: string[];
}

test('spawnMonitoredChild keeps scripts running that end with the process, printed or to a function', async () => {
  const [first, second] = [await freePort(), await freePort()];
  const main = fork(fixture('monitor.mjs'), [fixture('greeter.mjs'), String(first), String(second)], {
    silent: true,
  });
  const messages: Message[] = [];
  let printed = '';
  main.on('message', (message: Message) => messages.push(message));
  main.stdout?.on('data', (chunk: Buffer) => (printed += String(chunk)));
  main.stderr?.resume();
  const name = `greeter.mjs-${first}`;
  const ready = (child: string): Message[] =>
    messages.filter((event) => event.child === child && event.to === 'ready');
  await waitUntil(() => ready(name).length === 1 && ready('second').length === 1, { what: 'both children' });
  // A child is healthy as soon as it listens, a moment before it says so.
  const greetings = ['', `${name} | hello from ${first}`, `mine: hello from ${second}`];
  await waitUntil(() => printed.split('\n').length >= greetings.length, { what: 'both greetings' });
  expect(printed.split('\n').toSorted()).toEqual(greetings);

  process.kill(ready('second')[0]?.pid ?? 0, 'SIGKILL');
  await waitUntil(() => ready('second').length === 2, { what: 'the restart' });

  main.send('restart');
  await waitUntil(() => messages.some(({ restarted }) => restarted === name), { what: 'the restart' });
  expect(ready(name)).toHaveLength(2);

  main.send('hangup');
  await waitUntil(() => messages.some(({ takes }) => takes === 1), { what: 'the signal to be taken' });
  const before = [...messages];
  main.kill('SIGHUP');
  const reload = await waitUntil(() => messages.find(({ outcome }) => outcome), { what: 'the reload' });
  expect(reload).toEqual({ outcome: 'done', replaced: [name, 'second'] });
  // One after the other: the second is stopped when the first is ready again.
  const states = messages.slice(before.length).filter(({ to }) => to === 'stopping' || to === 'ready');
  expect(states.map(({ child, to }) => `${child} ${to}`)).toEqual([
    `${name} stopping`,
    `${name} ready`,
    'second stopping',
    'second ready',
  ]);
  await waitUntil(() => messages.some(({ takes }) => takes === 0), { what: 'the signal to be released' });

  main.send('stop');
  const end = await waitUntil(() => messages.find(({ stopped }) => stopped === name), { what: 'the stop' });
  expect(end).toEqual({ stopped: name, left: ['second'] });

  main.kill('SIGKILL');
  await once(main, 'exit');
  const pids = messages.flatMap(({ pid }) => pid ?? []);
  await waitUntil(() => !pids.some(isAlive), { what: 'the end of all' });
});

test.each([['overlap'], ['stop-first']] as const)(
  'a monitored child with `listen` has its port held: at a reload with %s, and a restart, nobody is refused',
  async (reload) => {
    const port = await freePort();
    const child = spawnMonitoredChild(
      fixture('server.mjs'),
      port,
      httpCheck(),
      {},
      { listen: { host: '127.0.0.1' }, readiness: 'listening', reload, onLine: () => {} },
    );
    await waitUntil(() => child.status().state === 'ready', { what: 'the child' });
    expect(child.status()).toMatchObject({ name: `server.mjs-${port}`, port });
    const load = startLoad(port);
    await reloadMonitoredChildren();
    process.kill(child.status().pid ?? 0, 'SIGTERM');
    await waitUntil(() => child.status().restarts === 1 && child.status().state === 'ready', {
      what: 'the restart',
    });
    expect((await load.stop()).failures).toEqual([]);
    await child.stop();
    await expect(ask(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  },
);
