import { expect, it } from 'vitest';
import { isoTime } from '../../src/store/iso-time.ts';

it.each([
  ['2026-11-27T10:45:33.123999+00:00', '2026-11-27T10:45:33.123Z'],
  ['2026-11-27T10:45:33.1239+00:00', '2026-11-27T10:45:33.123Z'],
  ['2026-11-27T10:45:33.12+00:00', '2026-11-27T10:45:33.120Z'],
  ['2026-11-27T10:45:33+00:00', '2026-11-27T10:45:33.000Z'],
  ['2026-11-27T10:45:33.123456+05:30', '2026-11-27T05:15:33.123Z'],
])('%s is %s, as a Date would say', (text, iso) => {
  expect(isoTime(text)).toBe(iso);
  expect(new Date(text).toISOString()).toBe(iso);
});
