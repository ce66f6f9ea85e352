import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { Encoded } from '../../src/party/encoded.ts';
import { DEFAULT_LIMITS } from '../../src/party/limits.ts';
import { RecentEvents, type RecentJson } from '../../src/party/recent-events.ts';

const texts = fc.string({ unit: 'grapheme', maxLength: 600 });

it('has the latest events in order, however long they are, also when it comes back from JSON', () => {
  const steps = fc.array(fc.record({ gap: fc.integer({ min: 1, max: 3 }), text: texts }), { maxLength: 80 });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 20 }), fc.nat({ max: 80 }), (events, most, cutAt) => {
      let recent = new RecentEvents(most, undefined, Infinity);
      const all: [seq: number, json: string][] = [];
      let seq = 0;
      for (const [index, { gap, text }] of events.entries()) {
        if (index === cutAt)
          recent = new RecentEvents(most, JSON.parse(JSON.stringify(recent)) as RecentJson, Infinity);
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

it('keeps no more bytes than it may, but always the latest', () => {
  const event = (seq: number): Encoded => Encoded.ofJson(`"${String(seq).repeat(30)}"`);
  const recent = new RecentEvents(100, undefined, 100);
  for (let seq = 1; seq <= 9; seq += 1) recent.push(seq, event(seq));
  expect(recent.toJSON()).toMatchObject({
    floor: 7,
    events: [[8], [9]].map((each) => [...each, expect.any(String)]),
  });
  expect(recent.after(6)).toBeUndefined();
  expect(recent.after(7)).toHaveLength(2);
  recent.push(10, Encoded.ofJson(`"${'x'.repeat(1_000)}"`));
  expect(recent.toJSON()).toMatchObject({ floor: 9, events: [[10, expect.any(String)]] });
});

it('is by itself no more than half of what may wait for a client', () => {
  const recent = new RecentEvents(128);
  for (let seq = 1; seq <= 128; seq += 1)
    recent.push(seq, Encoded.ofJson(JSON.stringify('漢'.repeat(1_000))));
  const events = recent.after(recent.toJSON().floor) ?? [];
  const bytes = events.reduce((sum, { line }) => sum + line.length, 0);
  expect(bytes).toBeLessThanOrEqual(DEFAULT_LIMITS.unsentBytes / 2);
  expect(events.length).toBeGreaterThan(40);
});

it('gives what stays as it was, whatever comes later', () => {
  const recent = new RecentEvents(2);
  for (let seq = 1; seq <= 3; seq += 1) recent.push(seq, Encoded.ofJson(`"${seq}"`));
  const given = recent.after(1);
  for (let seq = 4; seq <= 900; seq += 1) recent.push(seq, Encoded.ofJson(`"${seq}"`));
  expect(given?.map(({ line }) => line.toString())).toEqual(['"2"\r\n', '"3"\r\n']);
});
