import { waitUntil } from '@silly-face/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type BotProcess, startBot } from './mock/bot-process.ts';
import { complains, cosbybot, timeoutMs, urkelbot } from './mock/bots-at-play.ts';
import { MockGame, problem, type Reply } from './mock/mock-game.ts';

const SECOND_PAGE = '/me?cursor=1';
const LONG_AGO = '2025-01-01T00:00:00.000Z';

const withoutRounds = ({ body, ...reply }: Reply, nextCursor: string | null = null): Reply => ({
  ...reply,
  body: { ...(body as object), rounds: [], nextCursor },
});

describe('rounds on more than one page', () => {
  let game: MockGame;
  /** Has a round with each of the two others, on pages of one round. */
  let urkel: BotProcess;
  let others: BotProcess[];

  beforeAll(async () => {
    game = await new MockGame().start();
    game.roundsPerPage = 1;
    urkel = urkelbot(game);
    others = [
      cosbybot(game),
      startBot({ API_URL: game.url, BOT_NAME: 'Laurabot', BOT_OPPONENT: 'Urkelbot' }),
    ];
  });
  afterEach(() => {
    game.twist = () => undefined;
  });
  afterAll(async () => {
    for (const one of [urkel, ...others, game]) await one[Symbol.asyncDispose]();
  });

  /** Of both rounds. */
  async function endOfTurns(): Promise<void> {
    const turnOf = (index: number): number => game.rounds[index]?.turn ?? 0;
    const before = [turnOf(0), turnOf(1)];
    const isOver = (): boolean => before.every((turn, index) => turnOf(index) > turn + 1);
    await waitUntil(isOver, { what: 'turns of both rounds to end', timeoutMs });
  }

  test('are all played, and nothing is wrong with them', async () => {
    await endOfTurns();
    expect(game.seen.some(({ path }) => path === SECOND_PAGE)).toBe(true);
    expect(urkel.stderr).toBe('');
  });

  test('are played as well when they move to the front between the pages', async () => {
    game.twist = ({ path }, reply) => (path === SECOND_PAGE ? withoutRounds(reply) : undefined);
    await endOfTurns();
    expect(urkel.stderr).toBe('');
  });

  test('are lost when they are on no page, and not there by themselves', async () => {
    const path = `/rounds/${game.rounds[1]?.id}`;
    game.twist = (request, reply) => {
      if (request.path === path) return problem(404, 'round-not-found');
      return request.path === SECOND_PAGE ? withoutRounds(reply) : undefined;
    };
    await complains(urkel, /FATAL {2}refresh: GET \/me → 200: Expected the rounds .* \(round-lost\)\n/);
    expect(urkel.isRunning).toBe(true);
  });

  test('are lost as well when they are there by themselves, and have not moved', async () => {
    await endOfTurns(); // They are known again.
    const told = urkel.stderr.length;
    game.twist = (request, reply) => {
      if (request.path === SECOND_PAGE) return withoutRounds(reply);
      const isOneRound = request.method === 'GET' && /^\/rounds\/[\w-]+$/.test(request.path);
      return isOneRound ? { ...reply, body: { ...(reply.body as object), updatedAt: LONG_AGO } } : undefined;
    };
    await complains(urkel, /FATAL {2}refresh: GET \/me → 200: Expected the rounds .* \(round-lost\)\n/, told);
    expect(urkel.isRunning).toBe(true);
  });

  test('are not looked for on a page that comes again', async () => {
    let first: Reply | undefined;
    game.twist = ({ path, account }, reply) => {
      if (account?.name !== 'Urkelbot') return undefined;
      if (path === '/me') first = reply;
      return path === SECOND_PAGE ? first : undefined;
    };
    await complains(urkel, /FATAL {2}enter: GET \/me\?cursor=1 → 200: Expected rounds .* \(pages-wrong\)\n/);
    expect(urkel.isRunning).toBe(true);
  });

  test('are not looked for on pages without end', async () => {
    let pages = 0;
    game.twist = ({ path }, reply) =>
      path.startsWith('/me?') ? withoutRounds(reply, `${++pages}`) : undefined;
    await complains(
      urkel,
      /FATAL {2}\w+: GET \/me\?cursor=\d+ → 200: Expected the pages to end \(pages-wrong\)\n/,
    );
    expect(urkel.isRunning).toBe(true);
  });
});
