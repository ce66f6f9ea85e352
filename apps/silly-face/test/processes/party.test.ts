import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Supervisor } from '@silly-face/supervisor';
import { waitUntil } from '@silly-face/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Directory } from '../../src/directory/directory.ts';
import { openDirectory } from '../../src/directory/open-directory.ts';
import { partyChildren, partySockets, planParty } from '../../src/party-children.ts';
import { startMigratedPostgres } from '../directory/migrated-postgres.ts';
import { chatter } from '../party/chatter.ts';
import { Player } from '../party/player.ts';

/** The processes inherit the environment of this one. */
const NOTHING_ELSE = { REDIS_URL: '', PARTY_ADVERTISED_HOST: '' };

let environment: Record<string, string>;
let directory: Directory;
let postgres: Awaited<ReturnType<typeof startMigratedPostgres>>;
beforeAll(async () => {
  postgres = await startMigratedPostgres();
  environment = { DATABASE_URL: postgres.connectionString, LOG_LEVEL: 'warn', ...NOTHING_ELSE };
  directory = openDirectory(environment);
});
afterAll(async () => {
  await directory.disconnect();
  await postgres[Symbol.asyncDispose]();
});

interface Supervised extends AsyncDisposable {
  readonly supervisor: Supervisor;
  readonly printed: string[];
  readonly run: string;
  pidOf(child: string): number | undefined;
}

const CROWD = 1000;
const SCRIPT = fileURLToPath(new URL('../../dist/processes/party.js', import.meta.url));

/** Party processes as the backend runs them. */
async function startSupervised(processes = '2'): Promise<Supervised> {
  const plan = await planParty({
    PARTY_PROCESSES: processes,
    PARTY_PORT: '0',
    PARTY_WEB_SOCKET_PORT: '0',
    HOST_ID: 'h1',
  });
  const supervisor = new Supervisor({
    sockets: partySockets(plan),
    // As they are built.
    children: partyChildren(plan, { environment, after: [] }).map((child) => ({ ...child, script: SCRIPT })),
  });
  const printed: string[] = [];
  supervisor.on('output', ({ child, line }) => printed.push(`${child} ${line}`));
  await supervisor.start();
  return {
    supervisor,
    printed,
    run: plan.run,
    pidOf: (name) => supervisor.status().find((child) => child.name === name)?.pid,
    [Symbol.asyncDispose]: () => supervisor.stop(),
  };
}

async function join(name: string, room: string): Promise<Player> {
  const { owner } = await directory.locate(room);
  const token = await directory.issueSeat({ room, player: { id: `id of ${name}`, name } }, 60_000);
  return Player.join(owner, token);
}

async function joinAll(rooms: string[]): Promise<Player[][]> {
  const players: Player[][] = [];
  for (const room of rooms) players.push([await join('anna', room), await join('bert', room)]);
  return players;
}

function expectWhole(players: Player[][], sent: Map<Player, string[]>): void {
  for (const room of players) {
    const expected = room.flatMap((player) => sent.get(player) ?? []).toSorted();
    for (const player of room) {
      expect(player.complaints).toEqual([]);
      expect(player.texts().toSorted()).toEqual(expected);
      expect(player.texts()).toEqual(room[0]?.texts());
    }
  }
}

describe('the party processes', () => {
  it('are replaced by a deploy while all rooms go on, and nothing said in them is lost', async () => {
    await using supervised = await startSupervised();
    const { supervisor, printed } = supervised;
    const pids = (): (number | undefined)[] => ['party-1', 'party-2'].map((name) => supervised.pidOf(name));
    const before = pids();
    const players = await joinAll(['one', 'two', 'three', 'four']);
    const owners = await Promise.all(['one', 'two'].map((room) => directory.locate(room)));
    expect(owners.map(({ owner }) => owner.id.split('/').slice(0, 2))).toContainEqual(['h1', 'party-1']);
    const chat = chatter(players.flat(), 20);
    await chat.said(5);
    await supervisor.reload();
    await chat.said(5);
    const sent = await chat.stop();
    expectWhole(players, sent);
    for (const pid of pids()) expect(before).not.toContain(pid);
    expect((await directory.processes()).map(({ id }) => id).toSorted()).toEqual([
      `h1/party-1/${supervised.pidOf('party-1')}/${supervised.run}`,
      `h1/party-2/${supervised.pidOf('party-2')}/${supervised.run}`,
    ]);
    expect(printed).toEqual([]);
    await Promise.all(players.flat().map((player) => player.end()));
  });

  it('are replaced twice in a row, also one that is alone', async () => {
    await using supervised = await startSupervised('1');
    const players = await joinAll(['alone', 'also']);
    const chat = chatter(players.flat(), 20);
    for (let deploy = 0; deploy < 2; deploy++) {
      const before = supervised.pidOf('party-1');
      await supervised.supervisor.reload();
      expect(supervised.pidOf('party-1')).not.toBe(before);
    }
    await chat.said(5);
    expectWhole(players, await chat.stop());
    expect(supervised.printed).toEqual([]);
    await Promise.all(players.flat().map((player) => player.end()));
  });

  it('answer probes and Prometheus where their WebSockets are', async () => {
    await using supervised = await startSupervised();
    const address = supervised.supervisor.address('party-1-web-socket');
    const { port } = typeof address === 'object' ? address : { port: 0 };
    const get = async (path: string): Promise<string> => {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`);
      return `${answer.status} ${await answer.text()}`;
    };
    expect(await get('/live')).toBe('200 ok');
    expect(await get('/ready')).toBe('200 {"status":"ok","checks":{"check-in":"ok"}}');
    expect(await get('/metrics')).toContain('party_rooms 0\n');
  });

  it('leave their rooms to whoever comes after them when they are killed, and no move is lost', async () => {
    await using supervised = await startSupervised();
    const [anna, bert] = [await join('anna', 'killed'), await join('bert', 'killed')];
    const { owner } = await directory.locate('killed');
    const name = String(owner.id.split('/')[1]);
    await anna.does('SHOW', { face: 'Smug Cat' });
    const { seq } = await bert.does('GUESS', { face: 'Smug Cat' });
    const noticed = once(supervised.supervisor, 'state');
    process.kill(supervised.pidOf(name) as number, 'SIGKILL');
    await noticed;
    // At the same address: the socket is held.
    const shown = await bert.does('SHOW', { face: 'Jolly Gargoyle' });
    expect(shown).toMatchObject({ cmd: 'SHOWN', turn: 2 });
    expect(shown.seq).toBeGreaterThan(seq + 999_999);
    await anna.hears('SHOWN', { turn: 2 });
    expect([...anna.complaints, ...bert.complaints]).toEqual([]);
    await Promise.all([anna, bert].map((player) => player.end()));
  });

  it('keep a place for each of a crowd that comes at once, as after a move', async (context) => {
    if (Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8')) < 2 * CROWD)
      return context.skip('this machine keeps no queue of connections that is long enough');
    await using supervised = await startSupervised();
    const pid = supervised.pidOf('party-1') as number;
    const address = supervised.supervisor.address('party-1');
    const { port } = typeof address === 'object' ? address : { port: 0 };
    process.kill(pid, 'SIGSTOP');
    const crowd = Array.from({ length: CROWD }, () => connect({ host: '127.0.0.1', port }));
    try {
      // Nobody accepts them; those for whom there is no place would not get so far.
      await Promise.all(crowd.map((socket) => once(socket, 'connect')));
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    const greetings = await Promise.all(crowd.map((socket) => once(socket, 'data')));
    expect(new Set(greetings.map(String))).toEqual(new Set(['{"cmd":"PLSAUTH"}\r\n']));
    for (const socket of crowd) socket.destroy();
    return undefined;
  });

  it('wait for a database that is away, and go on by themselves', async () => {
    await using supervised = await startSupervised();
    const [anna, bert] = [await join('anna', 'outage'), await join('bert', 'outage')];
    await postgres.stop();
    anna.send('SHOW', { face: 'Smug Cat' });
    await waitUntil(
      () =>
        supervised.printed.some(
          (line) => line.includes('was not logged') || line.includes('were not logged'),
        ),
      {
        what: 'the outage to be noticed',
      },
    );
    expect(bert.events).toEqual([]);
    await postgres.start();
    await bert.hears('SHOWN');
    expect(await bert.does('GUESS', { face: 'Smug Cat' })).toMatchObject({ right: true });
    expect(bert.events.filter(({ cmd }) => cmd === 'SHOWN')).toHaveLength(1);
    await Promise.all([anna, bert].map((player) => player.end()));
  });
});
