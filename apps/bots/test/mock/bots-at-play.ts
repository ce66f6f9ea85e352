import { waitUntil } from '@silly-face/testing';
import { type BotProcess, startBot } from './bot-process.ts';
import type { MockGame } from './mock-game.ts';

/** Generous: the machine may be busy with something else. */
export const timeoutMs = 60_000;

export const cosbybot = (game: MockGame): BotProcess =>
  startBot({ API_URL: game.url, BOT_OPPONENT: 'Urkelbot' });
export const urkelbot = (game: MockGame): BotProcess => startBot({ API_URL: game.url, BOT_NAME: 'Urkelbot' });

/** Waits for something on a bot's stdout. */
export async function says(bot: BotProcess, pattern: RegExp): Promise<void> {
  await waitUntil(() => pattern.test(bot.stdout), {
    what: `${pattern} on stdout, stderr being ${bot.stderr}`,
    timeoutMs,
  });
}

/** Waits for something on a bot's stderr, behind what it said before. */
export async function complains(bot: BotProcess, pattern: RegExp, before = 0): Promise<void> {
  await waitUntil(() => pattern.test(bot.stderr.slice(before)), { what: `${pattern} on stderr`, timeoutMs });
}

/** Waits for the end of a turn. */
export async function endOfTurn(game: MockGame, turn: number): Promise<void> {
  await waitUntil(() => (game.rounds[0]?.turn ?? 0) > turn, { what: `turn ${turn} to end`, timeoutMs });
}
