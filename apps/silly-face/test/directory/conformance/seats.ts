import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { connectTo, newRoom, type Store } from '../store.ts';

export function describeSeats(store: () => Store): void {
  describe('a seat', () => {
    const seat = () => ({ room: newRoom(), player: { id: 'p1', name: 'Anna \u0000 "the" \ud83d\ude00' } });

    it('is given for its token once, also to fifty who ask at the same moment', async () => {
      const directories = [connectTo(store()), connectTo(store())] as const;
      const asked = seat();
      const token = await directories[0].issueSeat(asked, 60_000);
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) => directories[index % 2 === 0 ? 0 : 1].redeemSeat(token)),
      );
      expect(answers.filter((answer) => answer !== undefined)).toEqual([asked]);
    });

    it('has a token of its own each time', async () => {
      const directory = connectTo(store());
      const asked = seat();
      const tokens = [await directory.issueSeat(asked, 60_000), await directory.issueSeat(asked, 60_000)];
      expect(tokens[0]).not.toBe(tokens[1]);
      for (const token of tokens) expect(await directory.redeemSeat(token)).toEqual(asked);
    });

    it('is not given for what was never a token', async () => {
      const directory = connectTo(store());
      for (const token of ['', 'nonsense', '\u0000', 'x'.repeat(10_000)])
        expect(await directory.redeemSeat(token)).toBeUndefined();
    });

    it('is gone when its time is over', async () => {
      const directory = connectTo(store());
      const token = await directory.issueSeat(seat(), 1);
      await sleep(50); // Its end cannot be waited for: asking would take the seat.
      expect(await directory.redeemSeat(token)).toBeUndefined();
    });

    it('is kept under the hash of its token', async () => {
      const directory = connectTo(store());
      const token = await directory.issueSeat(seat(), 60_000);
      const content = await store().content();
      expect(content).not.toContain(token);
      expect(content).toContain(createHash('sha256').update(token).digest('hex'));
    });
  });
}
