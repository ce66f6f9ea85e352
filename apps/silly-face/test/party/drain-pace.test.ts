import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Address } from '../../src/directory/directory.ts';
import { DrainPace } from '../../src/party/drain-pace.ts';

const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

const SERVER = `
  const server = require('node:net').createServer((socket) => socket.on('error', () => {}).end('{"cmd":"PLSAUTH"}\\n'));
  server.listen(0, '127.0.0.1', () => process.send(server.address().port));
`;

async function startTarget(): Promise<{ child: ChildProcess; address: Address }> {
  const child = spawn(process.execPath, ['-e', SERVER], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  children.push(child);
  const [port] = (await once(child, 'message')) as [number];
  return { child, address: addressOf(port) };
}

function addressOf(port: number): Address {
  return { host: '127.0.0.1', port, webSocketUrl: 'ws://127.0.0.1' };
}

function room(members: number): { seats: { connections: unknown[] } } {
  return { seats: { connections: Array.from({ length: members }) } };
}

async function tookMs(work: Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work;
  return performance.now() - startedAt;
}

describe('the pace of a drain', () => {
  it.each([
    ['rooms of eight', Array.from({ length: 20 }, () => 8), [8, 8, 4]],
    ['large rooms', [100, 100, 10], [1, 1, 1]],
    ['rooms that nobody is in', Array.from({ length: 70 }, () => 0), [32, 32, 6]],
    ['no rooms', [], []],
  ])('lets %s go in shares', (_, members, sizes) => {
    const rooms = members.map(room);
    const shares = [...new DrainPace().shares(rooms)];
    expect(shares.map(({ length }) => length)).toEqual(sizes);
    expect(shares.flat()).toEqual(rooms);
  });

  it('waits until the target accepts', async () => {
    const { child, address } = await startTarget();
    const pace = new DrainPace();
    await pace.follow([address, address]);
    child.kill('SIGSTOP');
    const startedAt = performance.now();
    const following = pace.follow([address]).then(() => performance.now());
    await sleep(50);
    const continuedAt = performance.now();
    child.kill('SIGCONT');
    // Its patience may have come to an end on a machine that is busy.
    expect(await following).toBeGreaterThanOrEqual(Math.min(continuedAt, startedAt + 200));
  });

  it('waits no longer than a moment for one that stands still, each time', async () => {
    const { child, address } = await startTarget();
    child.kill('SIGSTOP');
    const pace = new DrainPace();
    for (let time = 0; time < 2; time += 1) {
      const ms = await tookMs(pace.follow([address]));
      expect(ms).toBeGreaterThan(200);
      expect(ms).toBeLessThan(5_000);
    }
  });

  it('visits nobody at an address that did not answer, nor after 8 s', async () => {
    const pace = new DrainPace();
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    server.close();
    await once(server, 'close');
    await pace.follow([addressOf(port)]);
    let visits = 0;
    const late = createServer((socket) => {
      visits += 1;
      socket.end('{"cmd":"PLSAUTH"}\n').resume();
    }).listen(port, '127.0.0.1');
    await once(late, 'listening');
    await pace.follow([addressOf(port)]);
    expect(visits).toBe(0);
    const another = new DrainPace();
    await another.follow([addressOf(port)]);
    expect(visits).toBe(1);
    const eightSecondsLater = performance.now() + 8_000;
    const clock = vi.spyOn(performance, 'now').mockReturnValue(eightSecondsLater);
    await another.follow([addressOf(port)]);
    clock.mockRestore();
    expect(visits).toBe(1);
    late.close();
    await once(late, 'close');
  });
});
