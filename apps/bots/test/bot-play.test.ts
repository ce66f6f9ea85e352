import { waitUntil } from '@silly-face/testing';
import { describe, expect, test } from 'vitest';
import sharp from 'sharp';
import { startBot } from './mock/bot-process.ts';
import { cosbybot, endOfTurn, says, timeoutMs, urkelbot } from './mock/bots-at-play.ts';
import { MockGame } from './mock/mock-game.ts';

describe('two bots', () => {
  test('play turn after turn, say each move and find nothing wrong', async () => {
    await using game = await new MockGame().start();
    await using cosby = cosbybot(game);
    await using urkel = urkelbot(game);
    await endOfTurn(game, 5);
    await says(cosby, /taunts/);
    for (const bot of [cosby, urkel]) {
      bot.kill('SIGTERM');
      expect(await bot.exited).toEqual({ code: 0, signal: null });
      expect(bot.stderr).toBe('');
      const name = bot === cosby ? 'Cosbybot' : 'Urkelbot';
      const moves = [
        'joins the Silly Face Society',
        'challenges Urkelbot',
        'waits for Urkelbot, who is not in the lobby',
        String.raw`sends a silly face \(turn \d+, "[\w ]+", \d+ kB (JPEG|PNG)\)`,
        'guesses "[^"]+": wrong',
        String.raw`guesses "[^"]+": right, \+\d monocles \(rank Smirker, \d+\)`,
        'taunts: "[^"]+"',
      ];
      for (const line of bot.stdout.trimEnd().split('\n'))
        expect(line).toMatch(new RegExp(`^${name}  (${moves.join('|')})$`));
    }
    expect(cosby.stdout).toMatch(
      /^Cosbybot {2}joins.*\n(.*waits.*\n)?Cosbybot {2}challenges Urkelbot\nCosbybot {2}sends .*turn 1,/,
    );
    expect(`${cosby.stdout}${urkel.stdout}`).toMatch(/kB JPEG[^]*kB PNG|kB PNG[^]*kB JPEG/);
    const posts = game.seen.filter(({ method }) => method === 'POST');
    expect(new Set(posts.map(({ key }) => key)).size).toBe(posts.length);
  });

  test('challenge each other and still share one round', async () => {
    await using game = await new MockGame().start();
    await using cosby = cosbybot(game);
    await using urkel = startBot({ API_URL: game.url, BOT_NAME: 'Urkelbot', BOT_OPPONENT: 'Cosbybot' });
    await endOfTurn(game, 2);
    expect(game.rounds).toHaveLength(1);
    expect(`${cosby.stderr}${urkel.stderr}`).toBe('');
  });
});

test('a bot logs in where its account is already there, and again when its session expired', async () => {
  await using game = await new MockGame().start();
  await using urkel = urkelbot(game);
  {
    await using cosby = cosbybot(game);
    await endOfTurn(game, 1);
    game.expireSessions();
    await endOfTurn(game, 2);
    cosby.kill('SIGINT');
    expect(await cosby.exited).toEqual({ code: 0, signal: null });
    expect(cosby.stderr).toBe('');
  }
  const turn = game.rounds[0]?.turn ?? 0;
  await using again = cosbybot(game);
  await endOfTurn(game, turn + 2);
  expect(again.stdout).not.toMatch(/joins|challenges/);
  expect(`${again.stderr}${urkel.stderr}`).toBe('');
});

test('a move whose answer was lost is repeated and counts once', async () => {
  await using game = await new MockGame().start();
  const lost = new Set<string>();
  game.loseAnswerTo = ({ method, key = '' }) => method === 'POST' && lost.size < lost.add(key).size;
  await using cosby = cosbybot(game);
  await using urkel = urkelbot(game);
  await endOfTurn(game, 4);
  const told = game.seen.filter(({ key }) => key !== undefined);
  expect(told.length).toBeGreaterThan(new Set(told.map(({ key }) => key)).size);
  expect(`${cosby.stderr}${urkel.stderr}`).toBe('');
});

test('a photo of a person needs no marker', async () => {
  await using game = await new MockGame().start();
  const { account, token } = game.addPerson('Person');
  await using cosby = startBot({ API_URL: game.url, BOT_OPPONENT: 'Person' });
  await says(cosby, /sends/);
  await using urkel = urkelbot(game);
  // It is known by its first request as somebody who is logged in.
  const urkelId = await waitUntil(
    () => game.seen.find(({ account: asker }) => asker?.name === 'Urkelbot')?.account?.id,
    { what: 'Urkelbot to enter', timeoutMs },
  );
  const send = async (path: string, body: string | FormData, type?: string): Promise<{ id: string }> => {
    const headers = {
      authorization: `Bearer ${token}`,
      'idempotency-key': path,
      ...(type && { 'content-type': type }),
    };
    const response = await fetch(new URL(path, game.url), { method: 'POST', headers, body });
    return (await response.json()) as { id: string };
  };
  const { id } = await send('/rounds', JSON.stringify({ opponentId: urkelId }), 'application/json');
  const form = new FormData();
  form.set('face', 'lemon face');
  const plain = await sharp({ create: { width: 60, height: 80, channels: 3, background: '#888' } })
    .png()
    .toBuffer();
  form.set('photo', new Blob([new Uint8Array(plain)], { type: 'image/png' }), 'me.png');
  await send(`/rounds/${id}/submissions`, form);
  await says(urkel, /"lemon face": right/);
  expect(urkel.stderr).toBe('');
  expect(account.monocles).toBe(2);
});
