import type { z } from 'zod';
import type { Database } from '../store/database.ts';
import { type RoundView, viewRound } from '../store/views.ts';
import type { Round } from './schemas.ts';

export type RoundAnswer = z.output<typeof Round>;

export async function roundAnswer(db: Database, roundId: string, playerId: string): Promise<RoundAnswer> {
  return toRoundAnswer(await viewRound(db, roundId, playerId));
}

/** With the paths of its photos. */
export function toRoundAnswer({ id, lastTurn, ...round }: RoundView): RoundAnswer {
  const isSubmitted = round.state === 'GUESSING' || round.state === 'WAITING_GUESS';
  return {
    id,
    ...round,
    choices: [...round.choices],
    wrongGuesses: [...round.wrongGuesses],
    photoUrl: isSubmitted ? photoUrl(id, round.turn) : null,
    lastTurn: lastTurn && { ...lastTurn, photoUrl: photoUrl(id, lastTurn.turn) },
    taunts: [...round.taunts],
  };
}

function photoUrl(roundId: string, turn: number): string {
  return `/rounds/${roundId}/turns/${turn}/photo`;
}
