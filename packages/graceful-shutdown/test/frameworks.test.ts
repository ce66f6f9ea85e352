import { expect, it } from 'vitest';
import { FixtureProcess } from './child.ts';

it('fastify: answers what is in flight, then closes the app', async () => {
  await using child = await FixtureProcess.start('fastify.mjs');
  const { answer } = await child.request();
  child.kill('SIGTERM');
  await child.prints('Received SIGTERM');
  child.send('release');
  expect(await answer).toBe('answered');
  const { code, output } = await child.ended;
  expect(output).toContain('fastify closed');
  expect(code).toBe(0);
});

it('ws: closes WebSockets with 1001 through the signal', async () => {
  await using child = await FixtureProcess.start('websocket.mjs');
  child.kill('SIGTERM');
  const { code, output } = await child.ended;
  expect(output).toContain('closed with 1001 going away');
  expect(code).toBe(0);
});
