// The whole backend behind the real nginx, under load.
import { setTimeout as sleep } from 'node:timers/promises';
import { bringNginx, descendants, freePort, isAlive, waitUntil } from '@silly-face/testing';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newPlayer } from '../http/client.ts';
import { PartyClient } from '../party/party-client.ts';
import { type SoakedBackend, startBackend } from '../soak/backend.ts';
import { differences } from '../soak/history.ts';
import { Load } from '../soak/load.ts';
import { scaled } from '../soak/scale.ts';
import { startCounted } from './counted-load.ts';

let missing: string | undefined;
beforeAll(async () => {
  missing = await bringNginx();
}, 300_000);
beforeEach((context) => {
  if (missing) context.skip(missing);
});

const start = (): Promise<SoakedBackend> => startBackend({ SILLY_FACE_NGINX: 'on' });

test('a browser comes to its room through nginx, by the URL that its seat names', async () => {
  const port = await freePort();
  await using soaked = await startBackend(
    {
      SILLY_FACE_NGINX: 'on',
      PORT: String(port),
      PARTY_PROCESSES: '1',
      PARTY_WEB_SOCKET_PORT: String(await freePort()),
      PARTY_WEB_SOCKET_URL: `ws://127.0.0.1:${port}/party/ws/{name}`,
    },
    { bots: false },
  );
  const player = await newPlayer(soaked);
  const { body: seat } = await player.post('/party/seats', {});
  const client = await PartyClient.browse(seat.webSocketUrl);
  client.send({ cmd: 'AUTH', token: seat.token });
  expect(await client.next('WELCOME')).toMatchObject({ room: seat.room });
  await client.end();
});

const deploys = scaled({ short: 1, long: 100 });
const kills = scaled({ short: 4, long: 100 });

test(
  `deploys under load (${deploys}) fail no request, repeat none, and leave nginx alone`,
  { timeout: 60_000 + deploys * 60_000 },
  async () => {
    await using soaked = await start();
    const nginx = soaked.pidOf('nginx');
    const load = new Load({ url: soaked.url, patienceMs: 0 });
    await load.start(soaked.db, 6);
    for (let deploy = 0; deploy < deploys; deploy += 1) await soaked.deploy();
    const ended = await load.stop();
    const { failures, lost } = load.client;
    expect({ ended, failures, lost }).toEqual({ ended: [], failures: {}, lost: 0 });
    expect(await differences(soaked.db, load.matches)).toEqual([]);
    expect(soaked.botTroubles()).toEqual([]);
    expect(soaked.pidOf('nginx')).toBe(nginx);
  },
);

test(
  `API processes that are killed one after the other (${kills}) fail no request, and nothing is done twice`,
  { timeout: 120_000 + kills * 20_000 },
  async () => {
    await using soaked = await start();
    const load = await startCounted(soaked.url, soaked.db);
    for (let killed = 0; killed < kills; killed += 1) {
      const name = `api-${(killed % 2) + 1}`;
      const so = load.answered();
      await waitUntil(() => load.answered() > so + 20, { what: 'some requests' });
      const pid = soaked.pidOf(name) as number;
      process.kill(pid, 'SIGKILL');
      await waitUntil(() => ![undefined, pid].includes(soaked.pidOf(name)), { what: `${name} to be back` });
    }
    expect(await load.end()).toEqual([]);
    const { promised, found, once } = await load.effects();
    expect({ found, once }).toEqual({ found: promised, once: promised });
    expect(soaked.botTroubles().filter((line) => line.includes('FATAL'))).toEqual([]);
  },
);

describe('under load,', () => {
  test.each([
    {
      what: 'nginx that is killed comes back, and nothing is lost, doubled or refused',
      told: /^(GET|POST) (ECONNRESET|EPIPE)$/,
      happen: async (soaked: SoakedBackend) => {
        const pid = soaked.pidOf('nginx') as number;
        process.kill(pid, 'SIGKILL');
        await waitUntil(() => ![undefined, pid].includes(soaked.pidOf('nginx')), {
          what: 'nginx to be back',
        });
      },
    },
    {
      what: 'nginx that is frozen goes on afterwards, and nobody has to notice',
      // The limit of this client.
      told: /^(GET|POST) NO_ANSWER$/,
      happen: async (soaked: SoakedBackend) => {
        const pid = soaked.pidOf('nginx') as number;
        const family = [pid, ...descendants(pid)];
        for (const each of family) process.kill(each, 'SIGSTOP');
        await sleep(scaled({ short: 4_000, long: 10_000 }));
        for (const each of family.filter(isAlive)) process.kill(each, 'SIGCONT');
      },
    },
  ])('$what', { timeout: 180_000 }, async ({ told, happen }) => {
    await using soaked = await start();
    const load = new Load({ url: soaked.url, patienceMs: 60_000 });
    await load.start(soaked.db, 6);
    await waitUntil(() => load.client.answered > 50, { what: 'some requests' });
    await happen(soaked);
    const so = load.client.answered;
    await waitUntil(() => load.client.answered > so + 50, { what: 'some more requests' });
    const ended = await load.stop();
    expect({ ended, lost: load.client.lost }).toEqual({ ended: [], lost: 0 });
    expect(Object.keys(load.client.failures).filter((failure) => !told.test(failure))).toEqual([]);
    expect(await differences(soaked.db, load.matches)).toEqual([]);
  });
});
