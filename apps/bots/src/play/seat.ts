import type { Random } from '../drawing/random.ts';
import { ServiceTrouble, Stopped } from '../errors.ts';
import type { Me } from '../http/contract.ts';
import type { Game } from '../http/game.ts';
import type { Journal } from '../journal.ts';
import { askForMe } from './me.ts';
import type { Memory } from './memory.ts';

/** What a bot plays with: every move takes it. */
export interface Seat {
  readonly game: Game;
  readonly journal: Journal;
  readonly memory: Memory;
  readonly random: Random;
}

/**
 * Does one thing and goes on after a failure, which is told as fatal. Only trouble with the service and the end of the bot get
 * through: nothing more can be done in this scan then.
 */
export async function attempt<T>(
  seat: Seat,
  operation: string,
  task: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await task();
  } catch (error) {
    if (error instanceof ServiceTrouble || error instanceof Stopped) throw error;
    seat.journal.fatal(operation, error);
    return undefined;
  }
}

/** Asks who the bot is now and how its rounds are, and holds the answer against the memory. */
export async function refresh(seat: Seat): Promise<Me> {
  const { journal, memory } = seat;
  const { earned } = memory.account;
  const answer = await askForMe(seat);
  for (const error of memory.seeMe(answer, earned)) journal.fatal('refresh', error);
  return answer;
}
