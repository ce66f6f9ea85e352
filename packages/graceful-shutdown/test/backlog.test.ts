// Whoever has connected is served, also when the process did not come to accept him before its signal.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { connectRaw, get } from './raw-client.ts';

it('answers everyone who waits in the backlog when the signal comes', async () => {
  const child = fork(new URL('fixtures/blocked.mjs', import.meta.url), {
    stdio: ['pipe', 'ignore', 'inherit', 'ipc'],
  });
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  child.send('block');
  await once(child, 'message');
  const clients = await Promise.all(Array.from({ length: 100 }, () => connectRaw(port)));
  for (const [index, client] of clients.entries()) client.send(get(`/${index}`));
  child.kill('SIGTERM');
  child.stdin?.end('go on');
  const [[code], ...answers] = await Promise.all([once(child, 'exit'), ...clients.map(({ ended }) => ended)]);
  const unanswered = answers.filter((answer, index) => !answer.endsWith(`answer to /${index}`));
  expect(unanswered).toEqual([]);
  expect(code).toBe(0);
});
