// Many clients in one process, which count what they hear and look into none of it.
//
//   node clients.js
//
// To each ClientsOrder it answers when it is done, with a ClientsAnswer or ClientsEchoes to those that measure.
import { setTimeout as sleep } from 'node:timers/promises';
import { now } from '../harness/now.ts';
import { Client } from './client.ts';
import { inRhythm } from './rhythm.ts';
import {
  type ClientsAnswer,
  type ClientsEchoes,
  type ClientsOrder,
  ROOM_SIZE,
  type Talk,
} from './settings.ts';

let clients: Client[] = [];

process.on('message', (order: ClientsOrder) => void obey(order).then((answer) => process.send?.(answer)));
process.on('disconnect', () => process.exit());

async function obey(order: ClientsOrder): Promise<ClientsAnswer | ClientsEchoes | 'done'> {
  if ('connect' in order) {
    const { port, name, tokens } = order.connect;
    // One room after the other: who comes first is in the first.
    for (let at = 0; at < tokens.length; at += ROOM_SIZE) {
      const room = tokens.slice(at, at + ROOM_SIZE);
      clients.push(...(await Promise.all(room.map((token) => Client.connect(port, name, token)))));
    }
    return 'done';
  }
  if ('disconnect' in order) {
    await Promise.all(clients.map((client) => client.end()));
    clients = [];
    return 'done';
  }
  if ('talkEveryMs' in order) return echoes(order.talkEveryMs, order.durationMs);
  if (order.talk !== 'go on') begin(order.talk);
  const before = sumOf('heard');
  const startedAt = now();
  await sleep(order.durationMs);
  return { deliveries: sumOf('heard') - before, seconds: (now() - startedAt) / 1_000 };
}

function begin(talk: Talk): void {
  for (const [index, client] of clients.entries()) {
    // What it heard of those who came is not counted.
    client.heard = 0;
    const seat = index % ROOM_SIZE;
    const isMyTurn =
      talk === 'at once'
        ? (count: number) => count % ROOM_SIZE === 0
        : (count: number) => count % ROOM_SIZE === seat;
    client.onHeard = (count) => {
      if (isMyTurn(count)) client.speak();
    };
  }
  for (const [index, client] of clients.entries())
    if (talk === 'at once' || index % ROOM_SIZE === 0) client.speak();
}

/** Resolves when each has heard all that it said; rejects when that takes too long. */
async function echoes(everyMs: number, durationMs: number): Promise<ClientsEchoes> {
  const echoesMs: number[] = [];
  for (const client of clients) client.onEcho = (ms) => echoesMs.push(ms);
  await inRhythm(clients, { everyMs, durationMs }, (client) => client.speak());
  const patienceUntil = now() + 30_000;
  for (let unheard = sumOf('unheard'); unheard > 0; unheard = sumOf('unheard')) {
    if (now() > patienceUntil) throw new Error(`${unheard} messages were not heard by those who said them`);
    await sleep(20);
  }
  return { echoesMs };
}

function sumOf(count: 'heard' | 'unheard'): number {
  return clients.reduce((sum, client) => sum + client[count], 0);
}
