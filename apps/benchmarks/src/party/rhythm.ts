import { setTimeout as sleep } from 'node:timers/promises';
import { now } from '../harness/now.ts';

export interface Rhythm {
  readonly everyMs: number;
  /** Without an end by default. */
  readonly durationMs?: number;
}

/** Each acts once every so often, in a rhythm of its own, which no delay moves: with timers, those late together would stay so. */
export async function inRhythm<Item>(
  items: readonly Item[],
  { everyMs, durationMs = Infinity }: Rhythm,
  act: (item: Item) => void,
): Promise<void> {
  const startedAt = now();
  const turns = items
    .map((item) => ({ item, at: startedAt + Math.random() * everyMs }))
    .toSorted((one, other) => one.at - other.at);
  for (let count = 0; ; count += 1) {
    const turn = turns[count % turns.length];
    if (!turn || turn.at >= startedAt + durationMs) return;
    const earlyMs = turn.at - now();
    if (earlyMs > 0) await sleep(earlyMs);
    act(turn.item);
    turn.at += everyMs;
  }
}
