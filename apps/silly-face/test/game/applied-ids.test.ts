import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { AppliedIds } from '../../src/game/applied-ids.ts';

it('has the latest 48 ids, each one whatever others have made of it', () => {
  const step = fc.record({ from: fc.nat(), id: fc.integer({ min: 0, max: 200 }).map(String) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), fc.boolean(), (steps, isLine) => {
      const made: { ids: AppliedIds; expected: string[] }[] = [{ ids: AppliedIds.of([]), expected: [] }];
      for (const { from, id } of steps) {
        const before = made[isLine || from % 8 > 0 ? made.length - 1 : from % made.length];
        if (!before) throw new Error('There is always one');
        made.push({ ids: before.ids.with(id), expected: [...before.expected, id].slice(-48) });
      }
      for (const { ids, expected } of made) {
        expect(ids.toJSON()).toEqual(expected);
        for (const id of ['0', '1', '2', '3']) expect(ids.has(id)).toBe(expected.includes(id));
      }
    }),
  );
});

it('is in JSON a list of texts, from which it comes back', () => {
  const ids = AppliedIds.of(Array.from({ length: 60 }, (_, index) => `m${index}`));
  const again = AppliedIds.of(JSON.parse(JSON.stringify(ids)) as string[]);
  expect(again.toJSON()).toEqual(ids.toJSON());
  expect([again.has('m11'), again.has('m12'), again.has('m59')]).toEqual([false, true, true]);
});
