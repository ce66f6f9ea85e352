import { randomUUID } from 'node:crypto';
import type { Pool } from '@silly-face/pg-pool-transactions';
import { type Answer, newPlayer, type TestPlayer } from '../http/client.ts';

export interface CountedLoad {
  /** How many requests were answered as they should be. */
  answered(): number;
  /** Ends it, and tells what was answered otherwise, or not at all. */
  end(): Promise<unknown[]>;
  /** Taunts that were answered with 201, and how often each is in the database: once, if all is well. */
  effects(): Promise<{ promised: number; found: number; once: number }>;
}

/** Players who ask and taunt without a pause: a GET and a POST in turn, each POST with its own Idempotency-Key. */
export async function startCounted(url: string, db: Pool, players = 6): Promise<CountedLoad> {
  const failures: unknown[] = [];
  const promised = new Set<string>();
  let answered = 0;
  const over = new AbortController();

  const expectStatus = async (what: string, status: number, asked: Promise<Answer>): Promise<void> => {
    try {
      const answer = await asked;
      if (answer.status === status) answered++;
      else failures.push([what, answer.status, answer.body]);
    } catch (error) {
      failures.push([what, error]);
    }
  };
  const play = async (player: TestPlayer, round: string): Promise<void> => {
    while (!over.signal.aborted) {
      await expectStatus('GET', 200, player.get('/me'));
      const text = randomUUID();
      promised.add(text);
      await expectStatus('POST', 201, player.post(`/rounds/${round}/taunts`, { text }));
    }
  };
  const begun = await Promise.all(
    Array.from({ length: players }, async () => {
      const [player, opponent] = [await newPlayer({ url, db }), await newPlayer({ url, db })];
      const { body } = await player.post('/rounds', { opponentId: opponent.id });
      return { player, round: body.id as string };
    }),
  );
  const playing = Promise.all(begun.map(({ player, round }) => play(player, round)));
  return {
    answered: () => answered,
    async end() {
      over.abort();
      await playing;
      return failures;
    },
    async effects() {
      const { rows } = await db.query<{ text: string; times: number }>(
        'SELECT text, count(*)::int AS times FROM taunts GROUP BY text',
      );
      const ours = rows.filter(({ text }) => promised.has(text));
      return {
        promised: promised.size,
        found: ours.length,
        once: ours.filter(({ times }) => times === 1).length,
      };
    },
  };
}
