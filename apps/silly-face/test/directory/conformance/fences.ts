import { describe, expect, it } from 'vitest';
import type { Claim, Directory } from '../../../src/directory/directory.ts';
import { checkedIn, connectTo, emptied, newRoom, type Store } from '../store.ts';

const snapshot = (seq: number): { seq: number; state: unknown } => ({ seq, state: { at: seq } });
const entry = (seq: number): { seq: number; event: unknown } => ({ seq, event: { n: seq } });
const fenceLost = expect.objectContaining({ name: 'DirectoryError', code: 'fence-lost' });

interface Owned {
  directory: Directory;
  claim: Claim;
  room: string;
  first: string;
  second: string;
}

async function owned(store: Store): Promise<Owned> {
  const directory = await emptied(connectTo(store));
  const [first, second] = await checkedIn(directory, 'first', 'second');
  const room = newRoom();
  return { directory, room, first, second, claim: await directory.locate(room, { to: first }) };
}

export function describeFences(store: () => Store): void {
  describe('a fence', () => {
    it('rises when a room is handed over, released, closed, and claimed again', async () => {
      const { directory, room, second, claim } = await owned(store());
      const handed = await directory.handOver(room, claim.fence, second, snapshot(1));
      expect(handed.owner.id).toBe(second);
      expect(handed.fence).toBeGreaterThan(claim.fence);
      await directory.release(room, handed.fence, snapshot(2));
      const claimed = await directory.locate(room);
      expect(claimed.fence).toBeGreaterThan(handed.fence);
      await directory.close(room, claimed.fence);
      const recreated = await directory.locate(room);
      expect(recreated.fence).toBeGreaterThan(claimed.fence);
      expect(await directory.load(room, recreated.fence)).toEqual({ snapshot: undefined, log: [] });
    });

    it('is above the one that is named, although the store knows of none', async () => {
      const directory = await emptied(connectTo(store()));
      const [id] = await checkedIn(directory, 'party-1');
      const room = newRoom();
      const claim = await directory.locate(room, { to: id, aboveFence: 1000 });
      expect(claim.fence).toBeGreaterThan(1000);
      await directory.close(room, claim.fence);
      expect((await directory.locate(room)).fence).toBeGreaterThan(claim.fence);
    });

    it('is kept where it is above the one that is named', async () => {
      const { directory, room, second, claim } = await owned(store());
      expect(await directory.locate(room, { to: second, aboveFence: claim.fence - 1 })).toMatchObject({
        fence: claim.fence,
        owner: { id: claim.owner.id },
      });
    });

    it('that was claimed by who knew nothing gives way to the process that knows of a later one', async () => {
      const { directory, room, first, second, claim } = await owned(store());
      const later = await directory.locate(room, { to: second, aboveFence: claim.fence + 7 });
      expect(later.owner.id).toBe(second);
      expect(later.fence).toBeGreaterThan(claim.fence + 7);
      await expect(directory.saveSnapshot(room, claim.fence, snapshot(1))).rejects.toEqual(fenceLost);
      expect(await directory.locate(room, { to: first, aboveFence: claim.fence })).toMatchObject({
        fence: later.fence,
        owner: { id: second },
      });
    });

    it('that was overtaken is refused everywhere, and nothing changes', async () => {
      const { directory, room, first, second, claim } = await owned(store());
      await directory.append([{ room, fence: claim.fence, entries: [entry(1), entry(2)] }]);
      const { fence } = await directory.handOver(room, claim.fence, second, snapshot(1));
      const stale = claim.fence;
      const refused = [
        directory.saveSnapshot(room, stale, snapshot(9)),
        directory.handOver(room, stale, first, snapshot(9)),
        directory.release(room, stale, snapshot(9)),
        directory.load(room, stale),
        directory.close(room, stale),
      ];
      await Promise.all(refused.map((answer) => expect(answer).rejects.toEqual(fenceLost)));
      expect(await directory.append([{ room, fence: stale, entries: [entry(9)] }])).toEqual(['fence-lost']);
      expect(await directory.locate(room)).toMatchObject({ fence, owner: { id: second } });
      expect(await directory.load(room, fence)).toEqual({ snapshot: snapshot(1), log: [entry(2)] });
    });

    it('of the future, of a room that nobody has, and of one that never was are refused', async () => {
      const { directory, room, claim } = await owned(store());
      await expect(directory.load(room, claim.fence + 1)).rejects.toEqual(fenceLost);
      await expect(directory.load(newRoom(), 0)).rejects.toEqual(fenceLost);
      await directory.release(room, claim.fence, snapshot(1));
      await expect(directory.saveSnapshot(room, claim.fence, snapshot(2))).rejects.toEqual(fenceLost);
      expect(await directory.append([{ room: newRoom(), fence: 0, entries: [entry(1)] }])).toEqual([
        'fence-lost',
      ]);
    });

    it('of a room is handed over to nobody who has no lease or drains', async () => {
      const { directory, room, second, claim } = await owned(store());
      for (const make of [() => directory.drain(second), () => directory.expel(second)]) {
        await make();
        await expect(directory.handOver(room, claim.fence, second, snapshot(1))).rejects.toMatchObject({
          code: 'process-expired',
          message: expect.stringContaining(second),
        });
      }
      expect(await directory.load(room, claim.fence)).toEqual({ snapshot: undefined, log: [] });
    });

    it('lets nothing of an earlier owner through when both write as fast as they can', async () => {
      const { directory: mine, room, second, claim } = await owned(store());
      const theirs = connectTo(store());
      const written: number[] = [];
      const writing = (async () => {
        for (let seq = 1; ; seq++) {
          const [outcome] = await mine.append([{ room, fence: claim.fence, entries: [entry(seq)] }]);
          if (outcome === 'fence-lost') return;
          written.push(seq);
        }
      })();
      await mine.append([{ room, fence: claim.fence, entries: [entry(0.5e6)] }]);
      await mine.expel(claim.owner.id);
      const { fence } = await theirs.locate(room, { to: second });
      const { log } = await theirs.load(room, fence);
      await writing;
      expect(await theirs.load(room, fence)).toEqual({ snapshot: undefined, log });
      expect(log.map(({ seq }) => seq)).toEqual([...written, 500_000]);
    });
  });
}
