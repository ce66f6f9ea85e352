// Recipe A: the listening socket outlives the process that serves on it. Nothing may be lost, neither connection nor request.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { bind } from './bind.ts';

async function startOn(fd: number): Promise<ChildProcess> {
  const child = fork(new URL('fixtures/inherited.mjs', import.meta.url), {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc', fd],
  });
  await once(child, 'message');
  return child;
}

async function post(port: number, agent: Agent): Promise<string> {
  const sent = request({ port, host: '127.0.0.1', agent, method: 'POST' });
  sent.end('a body');
  const [response] = await once(sent, 'response');
  return text(response);
}

it('loses no POST on keep-alive connections while processes take turns on a held listener', async () => {
  const handle = bind();
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const servedBy = new Set<string>();
  const failures: unknown[] = [];
  let answered = 0;
  const stop = new AbortController();
  const keepPosting = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      try {
        servedBy.add(await post(handle.port, agent));
        answered += 1;
      } catch (error) {
        failures.push(error);
      }
    }
  };
  let current = await startOn(handle.fd);
  const posting = Promise.all(Array.from({ length: 8 }, keepPosting));
  const exitCodes: unknown[] = [];
  for (let turn = 0; turn < 4; turn += 1) {
    await expect.poll(() => servedBy.has(String(current.pid)), { timeout: 30_000 }).toBe(true);
    const next = await startOn(handle.fd);
    current.kill('SIGTERM');
    await once(current, 'exit');
    exitCodes.push(current.exitCode);
    current = next;
  }
  stop.abort();
  await posting;
  agent.destroy();
  current.kill('SIGTERM');
  await once(current, 'exit');
  handle.close();
  expect(failures).toEqual([]);
  expect(exitCodes).toEqual([0, 0, 0, 0]);
  expect(answered).toBeGreaterThan(4);
});
