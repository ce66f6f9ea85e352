import type { MoveRefusal } from '../game/round.ts';

export type RefusalCode =
  | MoveRefusal
  | 'already-challenged'
  | 'idempotency-key-reused'
  | 'name-taken'
  | 'not-logged-in'
  | 'not-your-round'
  | 'photo-not-found'
  | 'player-not-found'
  | 'round-not-found'
  | 'self-challenge'
  | 'wrong-credentials';

/** The rules, or what is stored, do not allow it. Thrown inside a transaction it rolls back: a refusal changes nothing. */
export class Refused extends Error {
  static {
    this.prototype.name = 'Refused';
  }

  readonly code: RefusalCode;

  constructor(code: RefusalCode, detail: string) {
    super(detail);
    this.code = code;
  }
}
