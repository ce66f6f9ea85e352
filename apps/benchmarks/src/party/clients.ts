// Many clients in one process, which count what they hear and look into none of it.
//
//   node clients.js
//
// To each ClientsOrder it answers when it is done, with a ClientsAnswer or ClientsEchoes to those that measure.
import { setTimeout as sleep } from 'node:timers/promises';
import { now } from '../harness/now.ts';
import { Client } from './client.ts';
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
  const before = heard();
  const startedAt = now();
  await sleep(order.durationMs);
  return { deliveries: heard() - before, seconds: (now() - startedAt) / 1_000 };
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

/** Each in its own rhythm, which no delay moves: with a timer each, those that were late together would stay together. */
async function echoes(everyMs: number, durationMs: number): Promise<ClientsEchoes> {
  const echoesMs: number[] = [];
  const startedAt = now();
  const turns = clients
    .map((client) => ({ client, at: startedAt + Math.random() * everyMs }))
    .toSorted((one, other) => one.at - other.at);
  for (const { client } of turns) client.onEcho = (ms) => echoesMs.push(ms);
  for (let count = 0; ; count += 1) {
    const turn = turns[count % turns.length] as (typeof turns)[number];
    if (turn.at >= startedAt + durationMs) break;
    const early = turn.at - now();
    if (early > 0) await sleep(early);
    turn.client.speak();
    turn.at += everyMs;
  }
  return { echoesMs };
}

function heard(): number {
  return clients.reduce((sum, client) => sum + client.heard, 0);
}
