import { waitUntil } from '@silly-face/testing';
import type { Player } from './player.ts';

export interface Chatter {
  /** Until everybody has said so much more. */
  said(count: number): Promise<void>;
  /** Until all has been answered and all have heard all. Gives back what each said. */
  stop(): Promise<Map<Player, string[]>>;
}

/** Each of them says something every few milliseconds, whatever becomes of the connection. */
export function chatter(players: readonly Player[], everyMs = 5): Chatter {
  const sent = new Map(players.map((player) => [player, [] as string[]]));
  const speak = (): void => {
    for (const [player, texts] of sent) {
      // As many as a client may leave open: the room remembers no more.
      if (player.unanswered > 30) continue;
      const text = `${player.id} ${texts.length}`;
      texts.push(text);
      player.send('CHAT', { text });
    }
  };
  const timer = setInterval(speak, everyMs);
  const answered = (player: Player): number => (sent.get(player)?.length ?? 0) - player.unanswered;
  return {
    async said(count) {
      const goals = players.map((player) => answered(player) + count);
      await waitUntil(() => players.every((player, index) => answered(player) >= (goals[index] ?? 0)), {
        what: 'the chat to go on',
      });
    },
    async stop() {
      clearInterval(timer);
      await waitUntil(() => players.every((player) => player.unanswered === 0), { what: 'all answers' });
      await waitUntil(() => players.every(heardAll), { what: 'all to hear all' });
      return sent;
    },
  };

  function heardAll(player: Player): boolean {
    const room = players.filter(({ welcome }) => welcome?.['room'] === player.welcome?.['room']);
    const total = room.reduce((sum, each) => sum + (sent.get(each)?.length ?? 0), 0);
    return new Set(player.texts()).size >= total;
  }
}
