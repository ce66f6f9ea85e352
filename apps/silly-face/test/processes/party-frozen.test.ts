import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { bareEnvironment, waitUntil } from '@silly-face/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Directory } from '../../src/directory/directory.ts';
import { openDirectory } from '../../src/directory/open-directory.ts';
import { startMigratedPostgres } from '../directory/migrated-postgres.ts';
import { Player } from '../party/player.ts';

const SCRIPT = fileURLToPath(new URL('../../dist/processes/party.js', import.meta.url));

let postgres: Awaited<ReturnType<typeof startMigratedPostgres>>;
let directory: Directory;
beforeAll(async () => {
  postgres = await startMigratedPostgres();
  directory = openDirectory({ DATABASE_URL: postgres.connectionString });
});
afterAll(async () => {
  await directory.disconnect();
  await postgres[Symbol.asyncDispose]();
});

function start(name: string, databaseUrl = postgres.connectionString): ChildProcess {
  const child = fork(SCRIPT, {
    env: {
      ...bareEnvironment(),
      DATABASE_URL: databaseUrl,
      HOST_ID: 'h1',
      PARTY_NAME: name,
      PARTY_RUN: 'run',
      PARTY_PORT: '0',
      PARTY_WEB_SOCKET_PORT: '0',
    },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  return child;
}

/** One process; its id. */
async function ready(name: string): Promise<{ child: ChildProcess; id: string }> {
  const child = start(name);
  child.stdout?.resume();
  await once(child, 'message');
  return { child, id: `h1/${name}/${child.pid}/run` };
}

async function join(room: string, name: string, to: string): Promise<Player> {
  const { owner } = await directory.locate(room, { to });
  const token = await directory.issueSeat({ room, player: { id: `id of ${name}`, name } }, 60_000);
  const player = await Player.join(owner, token);
  onTestFinished(() => player.end());
  return player;
}

describe('a party process', () => {
  it('that was frozen until another had its room does nothing there with what its members had sent', async () => {
    const [frozen, other] = [await ready('frozen'), await ready('other')];
    const anna = await join('room', 'anna', frozen.id);
    const bert = await join('room', 'bert', frozen.id);
    await anna.does('SHOW', { face: 'Smug Cat' });
    await bert.hears('SHOWN');
    process.kill(frozen.child.pid as number, 'SIGSTOP');
    bert.send('GUESS', { face: 'Smug Cat' });
    for (let index = 0; index < 20; index++) anna.send('CHAT', { text: `buffered ${index}` });
    await waitUntil(async () => !(await directory.processes()).some(({ id }) => id === frozen.id), {
      what: 'the end of the lease',
    });
    const cleo = await join('room', 'cleo', other.id);
    await cleo.does('GUESS', { face: 'Smug Cat' });
    process.kill(frozen.child.pid as number, 'SIGCONT');
    for (const player of [anna, bert]) await player.hears('MOVE');
    await waitUntil(() => anna.unanswered + bert.unanswered === 0, { what: 'all answers' });
    await Promise.all(
      [anna, bert, cleo].map((player) => player.does('CHAT', { text: `end of ${player.id}` })),
    );
    for (const player of [anna, bert, cleo]) {
      for (const each of [anna, bert, cleo]) await player.hears('CHAT', { text: `end of ${each.id}` });
      expect(player.complaints).toEqual([]);
      expect(player.texts().filter((text) => text.startsWith('buffered'))).toEqual(
        Array.from({ length: 20 }, (_, index) => `buffered ${index}`),
      );
      // By who was in time, and told by who had the room.
      const guessed = player.events.filter(({ cmd }) => cmd === 'GUESSED');
      expect(guessed.map(({ by }) => by)).toEqual([cleo.id]);
    }
    // It lives, and has new rooms.
    await waitUntil(async () => (await directory.processes()).some(({ id }) => id === frozen.id), {
      what: 'the new lease',
    });
    await join('another room', 'dora', frozen.id);
  });

  it('that is told to end while it waits for a directory that is away ends at once, and in order', async () => {
    const nowhere = new URL(postgres.connectionString);
    nowhere.port = '1';
    const child = start('waiting', nowhere.href);
    const exited = once(child, 'exit');
    const lines: string[] = [];
    const output = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    output.on('line', (line) => lines.push(line));
    await waitUntil(() => lines.some((line) => line.includes('the check-in failed')), { what: 'a check-in' });
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    expect(lines.filter((line) => line.includes('not handed over'))).toEqual([]);
  });
});
