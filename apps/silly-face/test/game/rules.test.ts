import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHOICES, choicesFor } from '../../src/game/choices.ts';
import { FACES } from '../../src/game/faces.ts';
import { award } from '../../src/game/monocles.ts';
import { RANKS, rankName } from '../../src/game/ranks.ts';
import { shuffled } from '../../src/game/shuffle.ts';
import { isTaunt } from '../../src/game/taunts.ts';

const face = fc.constantFrom(...FACES);

describe('choices', () => {
  it('hold the secret once among different faces of the catalogue', () => {
    fc.assert(
      fc.property(face, fc.integer(), (secret, seed) => {
        const choices = choicesFor(secret, seed);
        expect(new Set(choices).size).toBe(CHOICES);
        expect(choices).toContain(secret);
        expect(FACES).toEqual(expect.arrayContaining(choices));
      }),
    );
  });

  it('depend on the seed alone', () => {
    fc.assert(
      fc.property(face, fc.integer(), (secret, seed) => {
        expect(choicesFor(secret, seed)).toEqual(choicesFor(secret, seed));
      }),
    );
  });

  it('show the secret in every place about as often', () => {
    const seen = Array.from({ length: CHOICES }, () => 0);
    for (let seed = 0; seed < 6000; seed++) {
      const place = choicesFor('Smug Cat', seed).indexOf('Smug Cat');
      seen[place] = (seen[place] ?? 0) + 1;
    }
    for (const times of seen) expect(times).toBeGreaterThan(850);
  });

  it('are shuffled without losing an item', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer(), (items, seed) => {
        expect(shuffled(items, seed).toSorted((a, b) => a - b)).toEqual(items.toSorted((a, b) => a - b));
      }),
    );
  });
});

describe('monocles', () => {
  it('are more for fewer wrong guesses and for less time, and never less than one', () => {
    fc.assert(
      fc.property(fc.nat(5), fc.nat(1e9), fc.nat(1e9), (wrong, elapsed, later) => {
        const now = award(wrong, elapsed);
        expect(now.guesser).toBeGreaterThanOrEqual(1);
        expect(now.submitter).toBeGreaterThanOrEqual(1);
        expect(award(wrong, elapsed + later).guesser).toBeLessThanOrEqual(now.guesser);
        expect(award(wrong + 1, elapsed).guesser).toBeLessThanOrEqual(now.guesser);
        expect(award(wrong + 1, elapsed).submitter).toBeLessThanOrEqual(now.submitter);
      }),
    );
  });

  it('are seven for the first guess within a minute', () => {
    expect(award(0, 60_000)).toEqual({ guesser: 7, submitter: 4 });
  });
});

describe('ranks', () => {
  it('rise with the monocles and never fall', () => {
    const place = (monocles: number): number => RANKS.findIndex(({ name }) => name === rankName(monocles));
    fc.assert(
      fc.property(fc.nat(5000), fc.nat(5000), (monocles, more) => {
        expect(place(monocles + more)).toBeGreaterThanOrEqual(place(monocles));
      }),
    );
  });

  it('are reached with the monocle that opens the door', () => {
    for (const { name, monocles } of RANKS) expect(rankName(monocles)).toBe(name);
  });
});

describe('a taunt', () => {
  it.each(['Ha!', 'x'.repeat(140), '🤡'.repeat(140), 'Ünglaublich', '👩🏽‍🚀 ❤️‍🔥', 'שלום'])('may be %j', (text) => {
    expect(isTaunt(text)).toBe(true);
  });

  it.each([
    '',
    '   ',
    'x'.repeat(141),
    'two\nlines',
    'nul\0',
    '\ud800',
    '\u200b',
    'a\u200bb',
    '\u200d',
    '\u202egnorw',
    '\u3164',
    '\u2800',
    '\u0301',
    '\ue000',
    'x\u2028y',
  ])('is not %j', (text) => {
    expect(isTaunt(text)).toBe(false);
  });
});
