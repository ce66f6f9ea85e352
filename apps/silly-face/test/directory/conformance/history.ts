import { describe, expect, it } from 'vitest';
import type { Claim, Directory } from '../../../src/directory/directory.ts';
import { checkedIn, connectTo, emptied, newRoom, type Store } from '../store.ts';

const entry = (seq: number): { seq: number; event: unknown } => ({ seq, event: { n: seq } });
const entries = (...seqs: number[]): { seq: number; event: unknown }[] => seqs.map((seq) => entry(seq));

async function owned(store: Store): Promise<{ directory: Directory; claim: Claim; id: string }> {
  const directory = await emptied(connectTo(store));
  const [id] = await checkedIn(directory, 'party-1');
  return { directory, claim: await directory.locate(newRoom()), id };
}

export function describeHistory(store: () => Store): void {
  describe('the history of a room', () => {
    it('is empty at first', async () => {
      const { directory, claim } = await owned(store());
      expect(await directory.load(claim)).toEqual({ snapshot: undefined, log: [] });
      expect(await directory.append([])).toEqual([]);
    });

    it('is the snapshot and what came after it, in the order of its numbers', async () => {
      const { directory, claim } = await owned(store());
      await directory.append([{ ...claim, entries: entries(2, 10, 9, 1) }]);
      await directory.append([{ ...claim, entries: entries(1_000_100, 100) }]);
      expect((await directory.load(claim)).log).toEqual(entries(1, 2, 9, 10, 100, 1_000_100));
      await directory.saveSnapshot(claim, { seq: 9, state: { whole: true } });
      expect(await directory.load(claim)).toEqual({
        snapshot: { seq: 9, state: { whole: true } },
        log: entries(10, 100, 1_000_100),
      });
    });

    it('has an entry once that was written twice, and a batch may be repeated', async () => {
      const { directory, claim } = await owned(store());
      const batch = [{ ...claim, entries: entries(1, 2) }];
      for (let time = 0; time < 3; time++) expect(await directory.append(batch)).toEqual(['written']);
      await directory.append([{ ...claim, entries: entries(2, 3, 3) }]);
      expect((await directory.load(claim)).log).toEqual(entries(1, 2, 3));
    });

    it('is written for many rooms in one go, each with an answer of its own', async () => {
      const { directory, claim, id } = await owned(store());
      const lost = await directory.locate(newRoom(), { to: id });
      await directory.release(lost, { seq: 1, state: 'released' });
      const other = await directory.locate(newRoom(), { to: id });
      expect(
        await directory.append([
          { ...claim, entries: entries(1, 2) },
          { ...lost, entries: entries(2) },
          { ...other, entries: entries(7) },
          { ...claim, entries: entries(3) },
          { ...claim, fence: claim.fence + 1, entries: entries(4) },
        ]),
      ).toEqual(['written', 'fence-lost', 'written', 'written', 'fence-lost']);
      expect((await directory.load(claim)).log).toEqual(entries(1, 2, 3));
      expect((await directory.load(other)).log).toEqual(entries(7));
      expect(await directory.load(await directory.locate(lost.room))).toEqual({
        snapshot: { seq: 1, state: 'released' },
        log: [],
      });
    });

    it('goes along when the room is handed over: the snapshot, and what is above it', async () => {
      const { directory, claim } = await owned(store());
      const [other] = await checkedIn(directory, 'other');
      await directory.append([{ ...claim, entries: entries(1, 2, 3) }]);
      const handed = await directory.handOver(claim, other, { seq: 3, state: [1, 2, 3] });
      expect(await directory.load(handed)).toEqual({
        snapshot: { seq: 3, state: [1, 2, 3] },
        log: [],
      });
    });

    it('never goes back to an older snapshot', async () => {
      const { directory, claim } = await owned(store());
      await directory.saveSnapshot(claim, { seq: 10, state: 'newer' });
      await directory.append([{ ...claim, entries: entries(11) }]);
      await directory.saveSnapshot(claim, { seq: 5, state: 'older' });
      expect(await directory.load(claim)).toEqual({
        snapshot: { seq: 10, state: 'newer' },
        log: entries(11),
      });
    });

    it('begins anew with a snapshot that replaces it, also an older one', async () => {
      const { directory, claim } = await owned(store());
      await directory.saveSnapshot(claim, { seq: 10, state: 'newer' });
      await directory.append([{ ...claim, entries: entries(11) }]);
      await directory.replace(claim, { seq: 5, state: 'older' });
      expect(await directory.load(claim)).toEqual({ snapshot: { seq: 5, state: 'older' }, log: [] });
      await directory.append([{ ...claim, entries: entries(6) }]);
      expect((await directory.load(claim)).log).toEqual(entries(6));
    });

    it('is kept when its process is gone, and gone when the room is closed', async () => {
      const { directory, claim, id } = await owned(store());
      const { room } = claim;
      await directory.saveSnapshot(claim, { seq: 1, state: null });
      const log = [{ seq: 2, event: `said in ${room}` }];
      await directory.append([{ ...claim, entries: log }]);
      await directory.expel(id);
      await checkedIn(directory, 'successor');
      const next = await directory.locate(room);
      expect(await directory.load(next)).toEqual({
        snapshot: { seq: 1, state: null },
        log,
      });
      expect(await store().content()).toContain(`said in ${room}`);
      await directory.close(next);
      expect(await store().content()).not.toContain(`said in ${room}`);
    });

    it('gives back every text as it was', async () => {
      const { directory, claim } = await owned(store());
      const event = { text: '\u0000 \ud83d "\\ \r\n \ud83d\ude00 \u2028 {} \' $1 %', empty: [], object: {} };
      await directory.append([{ ...claim, entries: [{ seq: 2, event }] }]);
      await directory.saveSnapshot(claim, { seq: 1, state: event });
      expect(await directory.load(claim)).toEqual({
        snapshot: { seq: 1, state: event },
        log: [{ seq: 2, event }],
      });
    });
  });
}
