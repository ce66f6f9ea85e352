import { fork } from 'node:child_process';
import { once } from 'node:events';
import { freePort, isAlive, waitUntil } from '@silly-face/testing';
import { expect, test } from 'vitest';
import { fixture } from './observe.ts';

interface Message {
  child?: string;
  to?: string;
  pid?: number;
  stopped?: string;
  left?: string[];
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

  main.send('stop');
  const end = await waitUntil(() => messages.find(({ stopped }) => stopped === name), { what: 'the stop' });
  expect(end).toEqual({ stopped: name, left: ['second'] });

  main.kill('SIGKILL');
  await once(main, 'exit');
  const pids = messages.flatMap(({ pid }) => pid ?? []);
  await waitUntil(() => !pids.some(isAlive), { what: 'the end of all' });
});
