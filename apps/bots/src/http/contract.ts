// The game's HTTP contract as a stranger reads it. Fields that it does not name are no error: the service may grow.
import { z } from 'zod';

const id = z.string().min(1);
const count = z.number().int().nonnegative();
const time = z.iso.datetime({ offset: true });
const path = z.string().startsWith('/');
const nextCursor = z.string().min(1).nullable();

const player = z.object({ id, name: z.string().min(1), rankName: z.string().min(1), monocles: count });

const taunt = z.object({ id, playerId: id, text: z.string().min(1).max(140), createdAt: time });

const lastTurn = z.object({
  turn: count.min(1),
  face: z.string().min(1),
  photoUrl: path,
  submitterId: id,
  guesserId: id,
  guesses: count.min(1),
  monocles: z.object({ guesser: count, submitter: count }),
});

export const round = z.object({
  id,
  opponent: player.omit({ monocles: true }),
  state: z.enum(['WAITING_SUBMIT', 'GUESSING', 'SUBMITTING', 'WAITING_GUESS']),
  turn: count.min(1),
  choices: z.array(z.string().min(1)),
  wrongGuesses: z.array(z.string().min(1)),
  photoUrl: path.nullable(),
  lastTurn: lastTurn.nullable(),
  taunts: z.array(taunt).max(20),
  updatedAt: time,
});

export const account = z.object({ player });
export const session = z.object({ token: z.string().min(1), expiresAt: time, player });
export const me = z.object({ currentPlayer: player, rounds: z.array(round), nextCursor });
export const lobby = z.object({ players: z.array(player), nextCursor });
export const faces = z.object({ faces: z.array(z.string().min(1)).min(1) });
export const guessResult = z.object({ correct: z.boolean(), monocles: count, round });
export const tauntResult = z.object({ taunt });
export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string().optional(),
  code: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/),
});

export type Player = z.infer<typeof player>;
export type Round = z.infer<typeof round>;
export type LastTurn = z.infer<typeof lastTurn>;
export type Taunt = z.infer<typeof taunt>;
export type MePage = z.infer<typeof me>;
/** With the rounds of all pages. */
export type Me = Omit<MePage, 'nextCursor'>;
export type GuessResult = z.infer<typeof guessResult>;
