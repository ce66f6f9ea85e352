import { z } from 'zod';
import { CHOICES } from '../game/choices.ts';
import { isTaunt } from '../game/taunts.ts';

export const Name = z
  .string()
  .regex(/^[A-Za-z0-9_-]{3,20}$/, 'Expected 3 to 20 letters, digits, _ or -')
  .meta({ description: '3 to 20 letters, digits, `_` or `-`; unique whatever the case' });

export const Credentials = z.strictObject({ name: Name, password: z.string().min(8).max(128) });

export const Player = z
  .object({ id: z.uuid(), name: z.string(), rankName: z.string(), monocles: z.int() })
  .meta({ id: 'Player' });

export const TauntText = z
  .string()
  .refine(isTaunt, 'Expected one line of 1 to 140 visible characters')
  .meta({ minLength: 1, maxLength: 140 });

export const Taunt = z
  .object({ id: z.string(), playerId: z.uuid(), text: z.string(), createdAt: z.iso.datetime() })
  .meta({ id: 'Taunt' });

export const Round = z
  .object({
    id: z.uuid(),
    opponent: z.object({ id: z.uuid(), name: z.string(), rankName: z.string() }),
    state: z.enum(['WAITING_SUBMIT', 'GUESSING', 'SUBMITTING', 'WAITING_GUESS']),
    turn: z.int().min(1),
    choices: z.array(z.string()).max(CHOICES).meta({ description: 'Empty unless the state is GUESSING' }),
    wrongGuesses: z.array(z.string()).meta({ description: 'Of this turn' }),
    photoUrl: z
      .string()
      .nullable()
      .meta({ description: "The path of this turn's photo, once it is submitted" }),
    lastTurn: z
      .object({
        turn: z.int(),
        face: z.string(),
        photoUrl: z.string(),
        submitterId: z.uuid(),
        guesserId: z.uuid(),
        guesses: z.int().meta({ description: 'With the right one' }),
        monocles: z.object({ guesser: z.int(), submitter: z.int() }),
      })
      .nullable(),
    taunts: z.array(Taunt).meta({ description: 'The newest twenty, oldest first' }),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'Round', description: 'A round as the asking player sees it' });

/** A player's id as a client gives it, in lower case as Postgres does: ids are compared as texts. */
export const PlayerId = z.uuid().toLowerCase();

/** A round that does not exist is a 404, also when its id could not be one. */
export const RoundParams = z.object({ id: z.string().toLowerCase() });
