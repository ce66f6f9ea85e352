import { describe, expect, it } from 'vitest';
import {
  apply,
  decide,
  isTooLate,
  MOST_MEMBERS,
  newParty,
  type Party,
  type PartyJson,
  partyJson,
  partyOf,
} from '../../src/game/party.ts';
import type { PartyCommand } from '../../src/game/party-moves.ts';

const MINUTE_MS = 60_000;

/** The party after these commands, none of which is refused; the one before is there for others. */
function after(party: Party, ...commands: PartyCommand[]): Party {
  const copy = partyOf(JSON.parse(JSON.stringify(partyJson(party))) as PartyJson);
  return commands.reduce((before, command) => {
    const event = decide(before, command);
    expect(event).not.toHaveProperty('refusal');
    // As it comes back from a log.
    return 'refusal' in event ? before : apply(before, JSON.parse(JSON.stringify(event)));
  }, copy);
}

function join(by: string, name = by): PartyCommand {
  return { type: 'join', by, name, resumeHash: `hash of ${by}`, at: 0 };
}

function show(by: string, { at = 0, id = `show of ${by}` } = {}): PartyCommand {
  return { type: 'show', by, id, face: 'Smug Cat', seed: 1, at };
}

function guess(by: string, face: string, { at = 0, id = `${by} says ${face}` } = {}): PartyCommand {
  return { type: 'guess', by, id, face, at };
}

function chat(by: string, id: string, text = 'hello'): PartyCommand {
  return { type: 'chat', by, id, text, at: 0 };
}

const three = after(newParty(), join('anna'), join('bert'), join('cleo'));

function scores(party: Party): Record<string, number> {
  return Object.fromEntries(party.members.map(({ id, score }) => [id, score]));
}

function wrongChoices(party: Party): string[] {
  return party.shown?.choices.filter((face) => face !== 'Smug Cat') ?? [];
}

describe('a party', () => {
  it('begins with the turn of the first who comes', () => {
    expect(newParty()).toMatchObject({ members: [], turn: 0 });
    expect(three).toMatchObject({ turn: 1, shower: 'anna' });
    expect(scores(three)).toEqual({ anna: 0, bert: 0, cleo: 0 });
  });

  it('gives the points to who guesses first and to who has shown, and the turn to who guessed', () => {
    const shown = after(three, show('anna'));
    expect(shown.shown?.choices).toContain('Smug Cat');
    expect(decide(shown, show('anna', { id: 'again' }))).toEqual({ refusal: 'out-of-turn' });
    const guessed = after(shown, guess('cleo', 'Smug Cat', { at: MINUTE_MS }));
    expect(guessed).toMatchObject({ turn: 2, shower: 'cleo', since: MINUTE_MS, shown: undefined });
    expect(scores(guessed)).toEqual({ anna: 4, bert: 0, cleo: 7 });
    expect(decide(guessed, guess('bert', 'Smug Cat'))).toEqual({ refusal: 'out-of-turn' });
  });

  it('takes off for the own wrong guesses, and a face that was wrong is wrong for all', () => {
    const shown = after(three, show('anna'));
    const [wrong = '', other = ''] = wrongChoices(shown);
    const one = after(shown, guess('cleo', wrong), guess('bert', other));
    expect(decide(one, guess('bert', wrong))).toEqual({ refusal: 'already-guessed' });
    expect(decide(one, guess('bert', 'Nobody'))).toEqual({ refusal: 'not-a-choice' });
    expect(decide(one, guess('anna', 'Smug Cat'))).toEqual({ refusal: 'out-of-turn' });
    expect(scores(after(one, guess('cleo', 'Smug Cat')))).toEqual({ anna: 3, bert: 0, cleo: 5 });
  });

  it('refuses faces that do not exist, shows out of turn, and guesses before there is a face', () => {
    expect(decide(three, show('bert'))).toEqual({ refusal: 'out-of-turn' });
    expect(decide(three, { ...show('anna'), face: 'Nobody' } as PartyCommand)).toEqual({
      refusal: 'unknown-face',
    });
    expect(decide(three, guess('bert', 'Smug Cat'))).toEqual({ refusal: 'out-of-turn' });
    expect(decide(three, chat('nobody', '1'))).toEqual({ refusal: 'not-a-member' });
  });

  it('passes the turn to the next when who had it leaves, with the face', () => {
    const leave = (by: string): PartyCommand => ({ type: 'leave', by, reason: 'wish', at: 5 });
    const left = after(three, show('anna'), leave('anna'));
    expect(left).toMatchObject({ turn: 2, shower: 'bert', since: 5 });
    expect(left.shown).toBeUndefined();
    expect(after(left, leave('cleo'))).toMatchObject({ turn: 2, shower: 'bert' });
    const empty = after(left, leave('cleo'), leave('bert'));
    expect(empty).toMatchObject({ members: [], shower: undefined });
    expect(after(empty, join('dora'))).toMatchObject({ shower: 'dora', turn: 4 });
  });

  it('passes the turn of who takes too long, unless nobody waits', () => {
    const limits = { showMs: MINUTE_MS, guessMs: 2 * MINUTE_MS };
    expect(isTooLate(three, MINUTE_MS, limits)).toBe(false);
    expect(isTooLate(three, MINUTE_MS + 1, limits)).toBe(true);
    const shown = after(three, show('anna', { at: MINUTE_MS }));
    expect(isTooLate(shown, 3 * MINUTE_MS, limits)).toBe(false);
    expect(isTooLate(shown, 3 * MINUTE_MS + 1, limits)).toBe(true);
    expect(isTooLate(after(newParty(), join('anna')), 9 * MINUTE_MS, limits)).toBe(false);
    const passed = after(shown, { type: 'pass', by: 'anna', at: 7 });
    expect(passed).toMatchObject({ turn: 2, shower: 'bert', since: 7, shown: undefined });
    const round = after(passed, { type: 'pass', by: 'bert', at: 8 }, { type: 'pass', by: 'cleo', at: 9 });
    expect(round.shower).toBe('anna');
  });

  it('is full with eight, and has each name once however it is written', () => {
    const names = Array.from({ length: MOST_MEMBERS }, (_, index) => `p${index}`);
    const full = after(newParty(), ...names.map((name) => join(name)));
    expect(decide(full, join('late'))).toEqual({ refusal: 'room-full' });
    expect(decide(three, join('other', 'ANNA'))).toEqual({ refusal: 'name-taken' });
    expect(decide(three, join('other', 'ａｎｎａ'))).toEqual({ refusal: 'name-taken' });
  });

  it('keeps the place and the points of who comes again, with another token', () => {
    const guessed = after(three, show('anna'), guess('bert', 'Smug Cat'));
    const again = after(guessed, { ...join('bert'), resumeHash: 'another' } as PartyCommand);
    expect(again.members[1]).toMatchObject({ id: 'bert', score: 7, resumeHash: 'another' });
    expect(again).toMatchObject({ shower: 'bert', turn: 2 });
  });

  it('stays in JSON as it was, whatever happens next', () => {
    const json = partyJson(three);
    const before = structuredClone(json);
    const goesOn = partyOf(json);
    apply(goesOn, { type: 'chat', by: 'anna', id: '1', text: 'hello', at: 0 });
    apply(three, { type: 'chat', by: 'anna', id: '2', text: 'hello', at: 0 });
    expect(json).toEqual(before);
  });

  it('lets each command of a member come to effect once', () => {
    const said = after(three, chat('anna', '1'));
    expect(decide(said, chat('anna', '1', 'other words'))).toEqual({ refusal: 'already-applied' });
    after(said, chat('bert', '1'));
    const many = Array.from({ length: 48 }, (_, index) => chat('anna', `m${index}`));
    const much = after(said, ...many);
    expect(decide(much, chat('anna', 'm0'))).toEqual({ refusal: 'already-applied' });
    expect(much.members[0]?.applied.toJSON()).toHaveLength(48);
    const refused = decide(three, guess('bert', 'Smug Cat', { id: 'g' }));
    expect(refused).toEqual({ refusal: 'out-of-turn' });
    after(three, show('anna'), guess('bert', 'Smug Cat', { id: 'g' }));
  });

  it('takes a few lines of chat, without controls and broken characters', () => {
    for (const text of ['hello', 'two\nlines', '🙃', 'ü', 'x'.repeat(1000)])
      expect(decide(three, chat('anna', '1', text))).toMatchObject({ type: 'chat', text });
    for (const text of ['', 'x'.repeat(1001), 'a\0b', 'a\u001bb', 'half \ud83d', 'a\u2028b'])
      expect(decide(three, chat('anna', '1', text))).toEqual({ refusal: 'bad-text' });
  });
});
