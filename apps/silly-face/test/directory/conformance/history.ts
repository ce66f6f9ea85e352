import { describe, expect, it } from 'vitest';
import type { Directory } from '../../../src/directory/directory.ts';
import { checkedIn, connectTo, emptied, newRoom, type Store } from '../store.ts';

const entry = (seq: number): { seq: number; event: unknown } => ({ seq, event: { n: seq } });
const entries = (...seqs: number[]): { seq: number; event: unknown }[] => seqs.map((seq) => entry(seq));

async function owned(
  store: Store,
): Promise<{ directory: Directory; room: string; fence: number; id: string }> {
  const directory = await emptied(connectTo(store));
  const [id] = await checkedIn(directory, 'party-1');
  const room = newRoom();
  const { fence } = await directory.locate(room);
  return { directory, room, fence, id };
}

export function describeHistory(store: () => Store): void {
  describe('the history of a room', () => {
    it('is empty at first', async () => {
      const { directory, room, fence } = await owned(store());
      expect(await directory.load(room, fence)).toEqual({ snapshot: undefined, log: [] });
      expect(await directory.append([])).toEqual([]);
    });

    it('is the snapshot and what came after it, in the order of its numbers', async () => {
      const { directory, room, fence } = await owned(store());
      await directory.append([{ room, fence, entries: entries(2, 10, 9, 1) }]);
      await directory.append([{ room, fence, entries: entries(1_000_100, 100) }]);
      expect((await directory.load(room, fence)).log).toEqual(entries(1, 2, 9, 10, 100, 1_000_100));
      await directory.saveSnapshot(room, fence, { seq: 9, state: { whole: true } });
      expect(await directory.load(room, fence)).toEqual({
        snapshot: { seq: 9, state: { whole: true } },
        log: entries(10, 100, 1_000_100),
      });
    });

    it('has an entry once that was written twice, and a batch may be repeated', async () => {
      const { directory, room, fence } = await owned(store());
      const batch = [{ room, fence, entries: entries(1, 2) }];
      for (let time = 0; time < 3; time++) expect(await directory.append(batch)).toEqual(['written']);
      await directory.append([{ room, fence, entries: entries(2, 3, 3) }]);
      expect((await directory.load(room, fence)).log).toEqual(entries(1, 2, 3));
    });

    it('is written for many rooms in one go, each with an answer of its own', async () => {
      const { directory, room, fence, id } = await owned(store());
      const [stale, other] = [newRoom(), newRoom()];
      const lost = await directory.locate(stale, { to: id });
      await directory.release(stale, lost.fence, { seq: 1, state: 'released' });
      const claim = await directory.locate(other, { to: id });
      expect(
        await directory.append([
          { room, fence, entries: entries(1, 2) },
          { room: stale, fence: lost.fence, entries: entries(2) },
          { room: other, fence: claim.fence, entries: entries(7) },
          { room, fence, entries: entries(3) },
          { room, fence: fence + 1, entries: entries(4) },
        ]),
      ).toEqual(['written', 'fence-lost', 'written', 'written', 'fence-lost']);
      expect((await directory.load(room, fence)).log).toEqual(entries(1, 2, 3));
      expect((await directory.load(other, claim.fence)).log).toEqual(entries(7));
      const next = await directory.locate(stale);
      expect(await directory.load(stale, next.fence)).toEqual({
        snapshot: { seq: 1, state: 'released' },
        log: [],
      });
    });

    it('goes along when the room is handed over: the snapshot, and what is above it', async () => {
      const { directory, room, fence } = await owned(store());
      const [other] = await checkedIn(directory, 'other');
      await directory.append([{ room, fence, entries: entries(1, 2, 3) }]);
      const claim = await directory.handOver(room, fence, other, { seq: 3, state: [1, 2, 3] });
      expect(await directory.load(room, claim.fence)).toEqual({
        snapshot: { seq: 3, state: [1, 2, 3] },
        log: [],
      });
    });

    it('never goes back to an older snapshot', async () => {
      const { directory, room, fence } = await owned(store());
      await directory.saveSnapshot(room, fence, { seq: 10, state: 'newer' });
      await directory.append([{ room, fence, entries: entries(11) }]);
      await directory.saveSnapshot(room, fence, { seq: 5, state: 'older' });
      expect(await directory.load(room, fence)).toEqual({
        snapshot: { seq: 10, state: 'newer' },
        log: entries(11),
      });
    });

    it('is kept when its process is gone, and gone when the room is closed', async () => {
      const { directory, room, fence, id } = await owned(store());
      await directory.saveSnapshot(room, fence, { seq: 1, state: null });
      const log = [{ seq: 2, event: `said in ${room}` }];
      await directory.append([{ room, fence, entries: log }]);
      await directory.expel(id);
      await checkedIn(directory, 'successor');
      const claim = await directory.locate(room);
      expect(await directory.load(room, claim.fence)).toEqual({
        snapshot: { seq: 1, state: null },
        log,
      });
      expect(await store().content()).toContain(`said in ${room}`);
      await directory.close(room, claim.fence);
      expect(await store().content()).not.toContain(`said in ${room}`);
    });

    it('gives back every text as it was', async () => {
      const { directory, room, fence } = await owned(store());
      const event = { text: '\u0000 \ud83d "\\ \r\n \ud83d\ude00 \u2028 {} \' $1 %', empty: [], object: {} };
      await directory.append([{ room, fence, entries: [{ seq: 2, event }] }]);
      await directory.saveSnapshot(room, fence, { seq: 1, state: event });
      expect(await directory.load(room, fence)).toEqual({
        snapshot: { seq: 1, state: event },
        log: [{ seq: 2, event }],
      });
    });
  });
}
