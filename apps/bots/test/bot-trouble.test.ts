import { waitUntil } from '@silly-face/testing';
import { describe, expect, test } from 'vitest';
import { readMarker } from '../src/photo/read-marker.ts';
import { startBot } from './mock/bot-process.ts';
import { complains, cosbybot, endOfTurn, timeoutMs, urkelbot } from './mock/bots-at-play.ts';
import { MockGame, problem } from './mock/mock-game.ts';

describe('a service in trouble', () => {
  test('that is not there yet, comes, goes and comes back is told once each, and the game goes on', async () => {
    await using game = await new MockGame().start();
    await game.stop();
    await using cosby = cosbybot(game);
    await using urkel = urkelbot(game);
    await complains(cosby, /WARN .*connection refused\n/);
    await complains(urkel, /WARN .*connection refused\n/);
    await game.start();
    await endOfTurn(game, 2);
    await game.stop();
    await complains(cosby, /answers again[^]*WARN .*(refused|failed).*\n/);
    await game.start();
    await endOfTurn(game, (game.rounds[0]?.turn ?? 0) + 2);
    await complains(cosby, /answers again[^]*answers again/);
    expect(cosby.stderr).not.toContain('FATAL');
    expect(cosby.stderr.match(/WARN {2}the service is in trouble/g)).toHaveLength(2);
  });

  test('that answers 503 is told by the code of its problem', async () => {
    await using game = await new MockGame().start();
    game.twist = ({ path }) => (path === '/me' ? problem(503, 'database-unavailable') : undefined);
    await using cosby = cosbybot(game);
    await complains(cosby, /^Cosbybot {2}WARN {2}.*: GET \/me → 503: 503 database-unavailable\n$/);
    game.twist = () => undefined;
    await complains(cosby, /answers again after: 503 database-unavailable\n$/);
    expect(cosby.isRunning).toBe(true);
  });
});

describe('SIGTERM and SIGINT', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s lets the bot finish its move and exit with 0',
    async (signal) => {
      await using game = await new MockGame().start();
      let isSubmitting = false;
      let release = (): void => {};
      const released = new Promise<void>((resolve) => (release = resolve));
      game.twist = async ({ path }, reply) => {
        if (!path.endsWith('/submissions')) return undefined;
        isSubmitting = true;
        await released;
        return reply;
      };
      await using cosby = cosbybot(game);
      game.addPerson('Urkelbot');
      await waitUntil(() => isSubmitting, { what: 'a submission', timeoutMs });
      cosby.kill(signal);
      cosby.kill(signal);
      release();
      expect(await cosby.exited).toEqual({ code: 0, signal: null });
      expect(cosby.stdout).toMatch(/sends a silly face/);
      const photo = game.rounds[0]?.photos.get(1) ?? Buffer.alloc(0);
      expect(await readMarker(photo)).toBeGreaterThanOrEqual(0);
      expect(cosby.stderr).toBe('');
    },
  );

  test('a move that does not end is given up after a while, and the bot exits with 0', async () => {
    await using game = await new MockGame().start();
    game.twist = ({ path }) => (path === '/me' ? new Promise(() => {}) : undefined);
    await using cosby = cosbybot(game);
    await waitUntil(() => game.seen.some(({ path }) => path === '/me'), { what: 'a request', timeoutMs });
    cosby.kill('SIGTERM');
    expect(await cosby.exited).toEqual({ code: 0, signal: null });
    expect(cosby.stderr).toBe('');
  });
});

test('a bot without a proper environment says what is missing and exits with 1', async () => {
  await using bot = startBot({ BOT_NAME: 'x' });
  expect(await bot.exited).toEqual({ code: 1, signal: null });
  expect(bot.stderr).toBe('Expected `BOT_NAME` to be a name of 3 to 20 letters, digits, - or _, got "x"\n');
});
