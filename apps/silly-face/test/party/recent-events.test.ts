import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { Encoded } from '../../src/party/encoded.ts';
import { RecentEvents, type RecentJson } from '../../src/party/recent-events.ts';

const texts = fc.string({ unit: 'grapheme', maxLength: 600 });

it('has the latest events in order, however long they are, also when it comes back from JSON', () => {
  const steps = fc.array(fc.record({ gap: fc.integer({ min: 1, max: 3 }), text: texts }), { maxLength: 80 });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 20 }), fc.nat({ max: 80 }), (events, most, cutAt) => {
      let recent = new RecentEvents(most);
      const all: [seq: number, json: string][] = [];
      let seq = 0;
      for (const [index, { gap, text }] of events.entries()) {
        if (index === cutAt)
          recent = new RecentEvents(most, JSON.parse(JSON.stringify(recent)) as RecentJson);
        seq += gap * 2 ** 33;
        const json = JSON.stringify({ text });
        all.push([seq, json]);
        recent.push(seq, Encoded.ofJson(json));
      }
      const kept = all.slice(-most);
      const floor = all.at(-most - 1)?.[0] ?? 0;
      expect(recent.toJSON()).toEqual({ floor, events: kept });
      for (const after of [0, floor - 1, floor, ...kept.map(([each]) => each)]) {
        const expected = kept.filter(([each]) => each > after).map(([, json]) => json);
        expect(recent.after(after)?.map(({ json }) => json)).toEqual(after < floor ? undefined : expected);
      }
    }),
  );
});

it('gives what stays as it was, whatever comes later', () => {
  const recent = new RecentEvents(2);
  for (let seq = 1; seq <= 3; seq += 1) recent.push(seq, Encoded.ofJson(`"${seq}"`));
  const given = recent.after(1);
  for (let seq = 4; seq <= 900; seq += 1) recent.push(seq, Encoded.ofJson(`"${seq}"`));
  expect(given?.map(({ line }) => line.toString())).toEqual(['"2"\r\n', '"3"\r\n']);
});
