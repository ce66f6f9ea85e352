import { describe, expect, it } from 'vitest';
import { FloodGate } from '../../src/party/flood-gate.ts';
import { DEFAULT_LIMITS, partyLimits, PartyOptionError } from '../../src/party/limits.ts';

describe('limits', () => {
  it('are the documented ones where none are given', () => {
    expect(partyLimits()).toEqual(DEFAULT_LIMITS);
    expect(partyLimits({ frameBytes: 100 })).toEqual({ ...DEFAULT_LIMITS, frameBytes: 100 });
  });

  it.each([
    [{ frameBytes: 0 }, 'Expected `frameBytes` to be a positive whole number up to 2147483647, got 0'],
    [
      { authTimeoutMs: 1.5 },
      'Expected `authTimeoutMs` to be a positive whole number up to 2147483647, got 1.5',
    ],
    [
      { frameBurst: Infinity },
      'Expected `frameBurst` to be a positive whole number up to 2147483647, got Infinity',
    ],
    [{ framesPerSecond: -1 }, 'Expected `framesPerSecond` to be a positive number up to 2147483647, got -1'],
    [
      { pingIntervalMs: 60_000 },
      'Expected `pingIntervalMs` to be less than `idleTimeoutMs` (60000), got 60000',
    ],
    [{ frames: 1 }, 'Expected `frames` to be left out: there is no such limit, got 1'],
  ])('are checked: %j', (given: object, message) => {
    expect(() => partyLimits(given)).toThrow(PartyOptionError);
    expect(() => partyLimits(given)).toThrow(message);
  });
});

describe('a flood gate', () => {
  it('lets a burst pass, then as many as tokens come, and is full again after a rest', () => {
    const gate = new FloodGate(20, 40);
    let fullAgainMs = 0;
    const passed = (nowMs: number, tries: number): number => {
      let count = 0;
      for (let index = 0; index < tries; index += 1) {
        const next = gate.pass(fullAgainMs, nowMs);
        if (next === undefined) continue;
        fullAgainMs = next;
        count += 1;
      }
      return count;
    };
    expect(passed(1_000, 100)).toBe(40);
    expect(passed(1_049, 10)).toBe(0);
    expect(passed(1_051, 10)).toBe(1);
    expect(passed(2_051, 100)).toBe(20);
    expect(passed(99_000, 100)).toBe(40);
  });
});
