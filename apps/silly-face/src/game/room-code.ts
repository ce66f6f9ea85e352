/** No vowels, so that no word comes out, and nothing that looks like something else. */
const LETTERS = 'BCDFGHJKMNPQRSTVWXZ23456789';

export const ROOM_CODE_LENGTH = 6;

const CODE = /^[A-Z0-9]{4,12}$/;

/**
 * A code for friends to tell each other.
 *
 * @param dice from 0 to 1, 1 excluded; as many as `ROOM_CODE_LENGTH`
 */
export function roomCode(dice: readonly number[]): string {
  return dice.map((die) => LETTERS[Math.floor(die * LETTERS.length)]).join('');
}

/** What somebody typed as a code, in the one way to write it; undefined when it can be none. */
export function readRoomCode(typed: string): string | undefined {
  const code = typed.trim().toUpperCase();
  return CODE.test(code) ? code : undefined;
}
