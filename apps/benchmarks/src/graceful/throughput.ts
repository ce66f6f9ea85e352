import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { interleave } from '../harness/interleave.ts';
import { type Context, medianRow, type Row } from '../harness/row.ts';
import { now } from '../harness/now.ts';
import { each } from '../harness/each.ts';
import type { LibraryName } from './libraries.ts';
import { RunningApp } from './running-app.ts';

const names = [
  'ours',
  'bare node:http',
  'http-terminator',
  'stoppable',
  'terminus',
  'http-graceful-shutdown',
] as const satisfies LibraryName[];

const connections = 32;

/** What a library costs while nobody ends anything. */
export async function measureThroughput({ quick, log }: Context): Promise<Row[]> {
  const [rounds, roundMs] = quick ? [1, 500] : [9, 1_500];
  log(`graceful: ${rounds} rounds of ${roundMs} ms of requests to ${names.length} servers`);
  const apps = new Map<LibraryName, RunningApp>();
  try {
    for (const name of names) apps.set(name, await RunningApp.start(name));
    const measure = (name: LibraryName) => () =>
      requestsPerSecond((apps.get(name) as RunningApp).port, roundMs);
    const rates = await interleave(each(names, measure), rounds);
    return [
      medianRow(rates, {
        dimension: `requests/s over ${connections} kept-alive connections, the library installed and nothing to end`,
        unit: 'requests/s',
        better: 'higher',
        against: 'bare node:http',
        goalRatio: 0.97,
      }),
    ];
  } finally {
    for (const app of apps.values()) await app.stop();
  }
}

const request = Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');

/** Each connection sends its next request when the last was answered. Every answer has the same length. */
async function requestsPerSecond(port: number, durationMs: number): Promise<number> {
  const sockets = Array.from({ length: connections }, () => connect(port, '127.0.0.1'));
  try {
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    const answerBytes = await lengthOfAnswer(sockets[0] as Socket);
    let bytes = 0;
    for (const socket of sockets) {
      let left = answerBytes;
      socket.on('data', (chunk) => {
        bytes += chunk.length;
        left -= chunk.length;
        if (left > 0) return;
        left = answerBytes;
        socket.write(request);
      });
      socket.write(request);
    }
    const startedAt = now();
    await sleep(durationMs);
    return bytes / answerBytes / ((now() - startedAt) / 1_000);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

async function lengthOfAnswer(socket: Socket): Promise<number> {
  socket.write(request);
  let text = '';
  while (!text.endsWith('done')) text += String((await once(socket, 'data'))[0]);
  return text.length;
}
