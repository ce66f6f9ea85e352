import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import sharp from 'sharp';
import { photoSvg } from '../src/photo/take-photo.ts';
import type { BotProcess } from './mock/bot-process.ts';
import { complains, cosbybot, endOfTurn, says, urkelbot } from './mock/bots-at-play.ts';
import { MockGame, problem, type Reply } from './mock/mock-game.ts';

const changed = (reply: Reply, change: (body: string) => string): Reply => ({
  ...reply,
  body: JSON.parse(change(JSON.stringify(reply.body))) as unknown,
});
const strangePhoto = sharp(Buffer.from(photoSvg('lemon face', 77)))
  .jpeg()
  .toBuffer();

const wrongs: { what: string; twist: MockGame['twist']; line: RegExp }[] = [
  {
    what: 'a score that falls',
    twist: ({ path }, reply) =>
      path === '/me' ? changed(reply, (body) => body.replace(/("monocles":)\d+/, '$10')) : undefined,
    line: /FATAL {2}refresh: GET \/me → 200: Expected at least the \d+ monocles before, got 0 \(monocles-fell\)\n/,
  },
  {
    what: 'a score that does not grow by what the guess earned',
    twist: ({ path }, reply) =>
      path === '/me' ? changed(reply, (body) => body.replace(/("monocles":)\d+/, '$10')) : undefined,
    line: /FATAL {2}refresh: GET \/me → 200: Expected at least \d+ monocles by what the answers said, got 0 \(monocles-missing\)\n/,
  },
  {
    what: 'a guess that pays something else than the turn',
    twist: ({ path }, reply) =>
      path.endsWith('/guesses')
        ? changed(reply, (body) => body.replace(/("monocles":)\d+/, '$140'))
        : undefined,
    line: /FATAL {2}guess: POST \/rounds\/[\w-]+\/guesses → 200: Expected .*(monocles-differ|wrong-guess-paid)\)\n/,
  },
  {
    what: 'the photo of somebody else',
    twist: async ({ path }, reply) =>
      path.endsWith('/photo') ? { ...reply, photo: await strangePhoto } : undefined,
    line: /FATAL {2}look at the own photo: GET \/rounds\/[\w-]+\/turns\/\d+\/photo → 200: Expected the marker of the photo to be \d+, got 77 \(photo-differs\)\n/,
  },
  {
    what: 'a photo without its marker',
    twist: async ({ path }, { photo, ...reply }) =>
      path.endsWith('/photo') && photo
        ? {
            ...reply,
            photo: await sharp(photo).extract({ left: 0, top: 0, width: 500, height: 500 }).toBuffer(),
          }
        : undefined,
    line: /FATAL {2}look at the photo: GET .*Expected a photo with a marker \(marker-missing\); because: .*\n/,
  },
  {
    what: 'a face that was not sent',
    twist: ({ path }, reply) =>
      path === '/me'
        ? changed(reply, (body) => body.replace(/"face":"[^"]+"/, '"face":"poker face"'))
        : undefined,
    line: /FATAL {2}look back: GET \/me.*Expected the face that the last turn reveals to be "[^"]+", got "poker face" \(face-differs\)\n/,
  },
  {
    what: 'a wrong shape',
    twist: ({ path }, reply) =>
      path.endsWith('/taunts') ? changed(reply, (body) => body.replace('"text"', '"words"')) : undefined,
    line: /FATAL {2}taunt: POST .*\/taunts → 201: Wrong shape at taunt\.text: .* \(wrong-shape\)\n/,
  },
  {
    what: 'a 500',
    twist: ({ path }) => (path.endsWith('/submissions') ? problem(500, 'internal-error') : undefined),
    line: /FATAL {2}submit: POST .*\/submissions → 500: refused as internal-error: The mock says internal-error \(internal-error\)\n/,
  },
];

describe('what a wrong service says is one fatal line each, and the bots live through it all', () => {
  let game: MockGame;
  let cosby: BotProcess;
  let urkel: BotProcess;
  beforeAll(async () => {
    game = await new MockGame().start();
    [cosby, urkel] = [cosbybot(game), urkelbot(game)];
    // Both have seen monocles of their own.
    await says(cosby, /right, \+/);
    await says(urkel, /right, \+/);
  });
  afterAll(async () => {
    await cosby[Symbol.asyncDispose]();
    await urkel[Symbol.asyncDispose]();
    await game[Symbol.asyncDispose]();
  });

  test.each(wrongs)('$what', async ({ twist, line }) => {
    const told = cosby.stderr.length;
    game.twist = twist;
    await complains(cosby, line, told);
    expect(cosby.stderr).toMatch(/^(Cosbybot {2}FATAL .*\n)+$/);
    game.twist = () => undefined;
    const { turn = 0 } = game.rounds[0] ?? {};
    await endOfTurn(game, turn + 1);
    expect([cosby.isRunning, urkel.isRunning]).toEqual([true, true]);
  });
});

test('a name that somebody else has', async () => {
  await using game = await new MockGame().start();
  game.addPerson('Cosbybot');
  await using cosby = cosbybot(game);
  await complains(cosby, /FATAL {2}enter: POST \/accounts → 409: refused as name-taken: .*\n/);
  expect(cosby.isRunning).toBe(true);
});

test('a session that is over long before its time is told, and the bot logs in again', async () => {
  await using game = await new MockGame().start();
  game.sessionMs = 3_600_000;
  await using cosby = cosbybot(game);
  await using urkel = urkelbot(game);
  await endOfTurn(game, 1);
  game.expireSessions();
  const line = /FATAL {2}[\w ]+: \w+ \/\S+ → 401: Expected the session to last until \S+Z \(session-lost\)\n/;
  for (const bot of [cosby, urkel]) await complains(bot, line);
  await endOfTurn(game, (game.rounds[0]?.turn ?? 0) + 1);
  for (const bot of [cosby, urkel]) expect(bot.stderr.match(/FATAL/g)).toHaveLength(1);
});
