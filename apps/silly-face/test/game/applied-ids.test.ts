import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { AppliedIds } from '../../src/game/applied-ids.ts';

it('has the latest 48 ids, also when it comes back from JSON', () => {
  const step = fc.record({ isCut: fc.boolean(), id: fc.integer({ min: 0, max: 200 }).map(String) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      let ids = new AppliedIds();
      const all: string[] = [];
      for (const { id, isCut } of steps) {
        if (isCut) ids = new AppliedIds(JSON.parse(JSON.stringify(ids)) as string[]);
        ids.add(id);
        all.push(id);
        const expected = all.slice(-48);
        expect(ids.toJSON()).toEqual(expected);
        for (const each of ['0', '1', '2', '3']) expect(ids.has(each)).toBe(expected.includes(each));
      }
    }),
  );
});

it('takes the latest of a longer list, and leaves that as it is', () => {
  const list = Array.from({ length: 60 }, (_, index) => `m${index}`);
  const ids = new AppliedIds(list);
  ids.add('one more');
  expect([ids.has('m12'), ids.has('m13'), ids.has('one more')]).toEqual([false, true, true]);
  expect(list).toHaveLength(60);
});
