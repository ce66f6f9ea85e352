import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { FixtureProcess } from './child.ts';

const start = (config: object) => FixtureProcess.start('server.mjs', config);
const options = { parentMessages: ['shutdown'], parentDisconnect: true };

it.each([
  ['a string', 'shutdown'],
  ['an object with that type', { type: 'shutdown' }],
])('ends politely when the parent sends the message as %s', async (_what, message) => {
  await using child = await start({ options });
  const { answer } = await child.request();
  child.send({ type: 'something else' });
  child.send(message);
  await child.prints('Received parent message "shutdown"');
  child.send('release');
  expect(await answer).toBe('answered');
  expect(await child.ended).toMatchObject({ code: 0 });
});

it('takes a message and a signal at the same time for the same wish', async () => {
  await using child = await start({ options });
  const { answer } = await child.request();
  child.send('shutdown');
  child.kill('SIGINT');
  await child.prints('Received');
  child.send('release');
  expect(await answer).toBe('answered');
  const { code, output } = await child.ended;
  expect(output.match(/Received/g)).toHaveLength(1);
  expect(code).toBe(0);
});

it('ends at once, with 1, when a second message comes later', async () => {
  await using child = await start({ options });
  const { answer } = await child.request();
  child.send('shutdown');
  await child.prints('Received');
  // The rule under test is about time.
  await sleep(600);
  child.send('shutdown');
  expect(await answer).toContain('failed');
  expect(await child.ended).toMatchObject({ code: 1 });
});

it('ends politely when the parent is gone', async () => {
  await using parent = new FixtureProcess('short-lived-parent.mjs', { options });
  // Its child shares its stdout: `ended` waits for both.
  expect((await parent.ended).output).toContain('Shutdown (parent disconnected) was clean');
});

it('hears nothing of its parent unless told so', async () => {
  await using child = await start({ options: {} });
  child.send('shutdown');
  const { answer } = await child.request();
  child.send('release');
  expect(await answer).toBe('answered');
  child.kill('SIGTERM');
  expect(await child.ended).toMatchObject({ output: expect.not.stringContaining('parent') });
});

it('does not keep a process alive by listening to its parent', async () => {
  await using child = new FixtureProcess('listens-to-parent.mjs', { way: 'alone' });
  expect(await child.ended).toMatchObject({ code: 0, output: 'ready\n' });
});

it.each(['beside the application', 'disposed'])(
  'leaves the process to the listeners of the application: %s',
  async (way) => {
    await using child = new FixtureProcess('listens-to-parent.mjs', { way });
    await child.prints('ready');
    child.send('end');
    expect(await child.ended).toMatchObject({ code: 0, output: 'ready\nthe application heard: end\n' });
  },
);
