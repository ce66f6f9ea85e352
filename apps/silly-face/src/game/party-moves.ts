import type { Award } from './monocles.ts';

interface Move {
  /** The member's id. */
  readonly by: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly id?: string | undefined;
}

/** A move that its member has given an id: with the same one it comes to effect once. */
interface NamedMove extends Move {
  readonly id: string;
}

export interface Join extends Move {
  readonly type: 'join';
  readonly name: string;
  readonly resumeHash: string;
}

export interface Chat extends NamedMove {
  readonly type: 'chat';
  readonly text: string;
}

export interface Show extends NamedMove {
  readonly type: 'show';
  readonly face: string;
  readonly photo?: string | undefined;
}

export interface Guess extends NamedMove {
  readonly type: 'guess';
  readonly face: string;
}

export interface Leave extends Move {
  readonly type: 'leave';
  readonly reason: 'wish' | 'away';
}

/** The turn of a member who took too long. */
export interface Pass extends Move {
  readonly type: 'pass';
}

/** `seed` decides the decoys and their order: one that nobody can guess. */
export type PartyCommand = Join | Chat | (Show & { readonly seed: number }) | Guess | Leave | Pass;

/** What happened. A guess was right when it has an award. JSON. */
export type PartyEvent =
  | Join
  | Chat
  | (Show & { readonly choices: readonly string[] })
  | (Guess & { readonly award?: Award })
  | Leave
  | Pass;

export interface PartyRefusal {
  readonly refusal: RefusalCode;
}

export type RefusalCode =
  | 'already-applied'
  | 'already-guessed'
  | 'bad-text'
  | 'name-taken'
  | 'not-a-choice'
  | 'not-a-member'
  | 'out-of-turn'
  | 'room-full'
  | 'unknown-face';
