import { AppliedIds } from './applied-ids.ts';
import { choicesFor } from './choices.ts';
import { isFace } from './faces.ts';
import { type Award, award } from './monocles.ts';
import type { PartyCommand, PartyEvent, PartyRefusal } from './party-moves.ts';

/*
 * A party is a room of players who chat and take turns: one shows a face, the others race to guess it.
 *
 *                SHOW                    the right guess
 *   showing ─────────────▶ guessing ────────────────────────▶ showing, turn + 1, by who guessed it
 *      │                    │  ▲ │
 *      │ too late, left     └──┘ │ too late, left
 *      ▼          a wrong guess  ▼
 *   showing, turn + 1, by the next in the order in which they came
 *
 * A command becomes one event or is refused; the state is what the events make of it, so whoever has them all has the room.
 */

export interface Party {
  /** In the order in which they came, which is that of their turns. */
  readonly members: readonly Member[];
  /** From 1; 0 before the first member came. */
  readonly turn: number;
  /** Since when it is this turn, or in it the face is shown: milliseconds since 1970. */
  readonly since: number;
  /** Whose turn it is to show: a member's id. Nobody's when nobody is there. */
  readonly shower?: string | undefined;
  readonly shown?: Shown | undefined;
}

export interface Member {
  readonly id: string;
  readonly name: string;
  /** Of the token that brings the member back. */
  readonly resumeHash: string;
  readonly score: number;
  /** Of the latest commands that came to effect: none of them does so twice. */
  readonly applied: AppliedIds;
}

/** As JSON has it. */
export type PartyJson = Omit<Party, 'members'> & {
  readonly members: readonly (Omit<Member, 'applied'> & { readonly applied: readonly string[] })[];
};

export interface Shown {
  readonly face: string;
  readonly photo?: string | undefined;
  readonly choices: readonly string[];
  readonly wrong: readonly { readonly by: string; readonly face: string }[];
}

export const MOST_MEMBERS = 8;

/** How long a turn may take until a face is shown, and from then on until it is guessed. */
export interface TurnLimits {
  readonly showMs: number;
  readonly guessMs: number;
}

export function newParty(): Party {
  return { members: [], turn: 0, since: 0 };
}

export function partyOf({ members, ...party }: PartyJson): Party {
  return {
    ...party,
    members: members.map((member) => ({ ...member, applied: new AppliedIds(member.applied) })),
  };
}

/** As it is now, whatever happens next. */
export function partyJson({ members, ...party }: Party): PartyJson {
  return { ...party, members: members.map((member) => ({ ...member, applied: member.applied.toJSON() })) };
}

export function memberOf(party: Party, id: string): Member | undefined {
  return party.members.find((member) => member.id === id);
}

/** Whoever is alone has all the time in the world. */
export function isTooLate(party: Party, at: number, { showMs, guessMs }: TurnLimits): boolean {
  return party.members.length > 1 && at - party.since > (party.shown ? guessMs : showMs);
}

/** What the command comes to, or why it comes to nothing. */
export function decide(party: Party, command: PartyCommand): PartyEvent | PartyRefusal {
  if (command.type === 'join') return decideJoin(party, command);
  const { by, id, at } = command;
  const member = memberOf(party, by);
  if (!member) return { refusal: 'not-a-member' };
  if (id !== undefined && member.applied.has(id)) return { refusal: 'already-applied' };
  switch (command.type) {
    case 'chat':
      return isChat(command.text) ? command : { refusal: 'bad-text' };
    case 'show': {
      const { face, photo, seed } = command;
      if (party.shower !== by || party.shown) return { refusal: 'out-of-turn' };
      if (!isFace(face)) return { refusal: 'unknown-face' };
      return { type: 'show', by, id: command.id, face, photo, choices: choicesFor(face, seed), at };
    }
    case 'guess': {
      const { face } = command;
      if (!party.shown || party.shower === by) return { refusal: 'out-of-turn' };
      if (!party.shown.choices.includes(face)) return { refusal: 'not-a-choice' };
      const wrong = party.shown.wrong.filter((guess) => guess.by === by).length;
      if (face === party.shown.face) return { ...command, award: award(wrong, at - party.since) };
      const isKnown = party.shown.wrong.some((guess) => guess.face === face);
      return isKnown ? { refusal: 'already-guessed' } : command;
    }
    case 'leave':
      return command;
    case 'pass':
      break;
  }
  return party.shower === by ? command : { refusal: 'out-of-turn' };
}

function decideJoin(
  { members }: Party,
  command: Extract<PartyCommand, { type: 'join' }>,
): PartyEvent | PartyRefusal {
  // A member who comes with a new seat has lost the old token, and keeps the place and the points.
  if (members.some(({ id }) => id === command.by)) return command;
  if (members.length >= MOST_MEMBERS) return { refusal: 'room-full' };
  const wanted = comparable(command.name);
  return members.some(({ name }) => comparable(name) === wanted) ? { refusal: 'name-taken' } : command;
}

/** What looks alike is the same name. */
function comparable(name: string): string {
  return name.normalize('NFKC').toLowerCase();
}

/** The party after the event, which `decide` made for it. The one before is over: they share what members have applied. */
export function apply(party: Party, event: PartyEvent): Party {
  const { by, id, at } = event;
  if (id !== undefined) memberOf(party, by)?.applied.add(id);
  switch (event.type) {
    case 'join':
      return applyJoin(party, event);
    case 'leave': {
      const members = party.members.filter((member) => member.id !== by);
      return { ...(party.shower === by ? nextTurn(party, showerAfter(party, by), at) : party), members };
    }
    case 'pass':
      return nextTurn(party, showerAfter(party, by) ?? by, at);
    case 'chat':
      return party;
    case 'show': {
      const { face, photo, choices } = event;
      return { ...party, since: at, shown: { face, photo, choices, wrong: [] } };
    }
    case 'guess':
      break;
  }
  if (event.award) return { ...nextTurn(party, by, at), members: credit(party, by, event.award) };
  const shown = party.shown && {
    ...party.shown,
    wrong: [...party.shown.wrong, { by, face: event.face }],
  };
  return { ...party, shown };
}

function applyJoin(party: Party, event: Extract<PartyEvent, { type: 'join' }>): Party {
  const { by: id, name, resumeHash, at } = event;
  const isBack = party.members.some((member) => member.id === id);
  const members = isBack
    ? party.members.map((member) => (member.id === id ? { ...member, resumeHash } : member))
    : [...party.members, { id, name, resumeHash, score: 0, applied: new AppliedIds() }];
  return { ...(party.shower === undefined ? nextTurn(party, id, at) : party), members };
}

function nextTurn(party: Party, shower: string | undefined, since: number): Party {
  return { members: party.members, turn: party.turn + 1, since, shower, shown: undefined };
}

function showerAfter({ members }: Party, id: string): string | undefined {
  const next = members[(members.findIndex((member) => member.id === id) + 1) % members.length];
  return next?.id === id ? undefined : next?.id;
}

function credit({ members, shower }: Party, guesser: string, award: Award): Member[] {
  return members.map((member) => {
    if (member.id === guesser) return { ...member, score: member.score + award.guesser };
    if (member.id === shower) return { ...member, score: member.score + award.submitter };
    return member;
  });
}

/** A few lines at most, without controls other than the line feed, and without halves of pairs. */
function isChat(text: string): boolean {
  return text.length > 0 && text.length <= MOST_CHAT && !NO_CHAT.test(text);
}

const MOST_CHAT = 1000;
const NO_CHAT = /(?!\n)\p{Cc}|[\p{Cs}\u2028\u2029]/u;
