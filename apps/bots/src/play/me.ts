import { check } from '../checks/check.ts';
import { Refused } from '../errors.ts';
import type { Said } from '../http/answer.ts';
import type { Me, Round } from '../http/contract.ts';
import type { Seat } from './seat.ts';

/** A move is dated before others see it, by so much at most: one that is dated a little earlier may come a little later. */
const UNSEEN_MS = 5_000;

/** So many that no player has as many rounds. */
const MOST_PAGES = 1000;

/** The bot itself, as the first page has it, and its rounds on all pages. @throws {ViolatedCheck} unless the pages end */
export async function askForMe(seat: Seat): Promise<Said<Me>> {
  const { nextCursor, ...me } = await seat.game.me(null);
  // One page is of one moment: what is not on it is not there.
  if (nextCursor === null) return me;
  const rounds = new Map(me.rounds.map((round) => [round.id, round]));
  let cursor: string | null = nextCursor;
  for (let pages = 1; cursor !== null; pages += 1) {
    const page = await seat.game.me(cursor);
    const before = rounds.size;
    for (const round of page.rounds) rounds.set(round.id, round);
    const isNew = rounds.size === before + page.rounds.length;
    check(isNew, 'pages-wrong', 'Expected rounds that were on no page before', page.request);
    check(pages < MOST_PAGES, 'pages-wrong', 'Expected the pages to end', page.request);
    cursor = page.nextCursor;
  }
  const all = [...rounds.values()];
  const newest = Math.max(...me.rounds.map(movedAt));
  return { ...me, rounds: [...all, ...(await askForMissed(seat, all, newest - UNSEEN_MS))] };
}

/**
 * A round that moves while the pages are read goes to the front, and is on none of those to come: it is asked for by itself. One
 * that has not moved since the first page was read, or is refused, is lost, which is for the memory to say.
 */
async function askForMissed({ game, memory }: Seat, rounds: Round[], since: number): Promise<Round[]> {
  const missed: Round[] = [];
  for (const id of memory.missingFrom(rounds)) {
    try {
      const round = await game.round(id);
      if (movedAt(round) >= since) missed.push(round);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
  }
  return missed;
}

function movedAt({ updatedAt }: Round): number {
  return Date.parse(updatedAt);
}
