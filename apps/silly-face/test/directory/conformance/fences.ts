import { describe, expect, it } from 'vitest';
import type { Claim, Directory, Hold } from '../../../src/directory/directory.ts';
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

async function isRefused(directory: Directory, hold: Hold, to: string): Promise<void> {
  const answers = [
    directory.saveSnapshot(hold, snapshot(9)),
    directory.replace(hold, snapshot(9)),
    directory.handOver(hold, to, snapshot(9)),
    directory.release(hold, snapshot(9)),
    directory.load(hold),
    directory.close(hold),
  ];
  await Promise.all(answers.map((answer) => expect(answer).rejects.toEqual(fenceLost)));
  expect(await directory.append([{ ...hold, entries: [entry(9)] }])).toEqual(['fence-lost']);
}

export function describeFences(store: () => Store): void {
  describe('a fence', () => {
    it('rises when a room is handed over, released, closed, and claimed again', async () => {
      const { directory, room, second, claim } = await owned(store());
      const handed = await directory.handOver(claim, second, snapshot(1));
      expect(handed.owner.id).toBe(second);
      expect(handed.fence).toBeGreaterThan(claim.fence);
      await directory.release(handed, snapshot(2));
      const claimed = await directory.locate(room);
      expect(claimed.fence).toBeGreaterThan(handed.fence);
      await directory.close(claimed);
      const recreated = await directory.locate(room);
      expect(recreated.fence).toBeGreaterThan(claimed.fence);
      expect(await directory.load(recreated)).toEqual({ snapshot: undefined, log: [] });
    });

    it('is above the one that is named, although the store knows of none', async () => {
      const directory = await emptied(connectTo(store()));
      const [id] = await checkedIn(directory, 'party-1');
      const room = newRoom();
      const claim = await directory.locate(room, { to: id, aboveFence: 1000 });
      expect(claim.fence).toBeGreaterThan(1000);
      await directory.close(claim);
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
      await expect(directory.saveSnapshot(claim, snapshot(1))).rejects.toEqual(fenceLost);
      expect(await directory.locate(room, { to: first, aboveFence: claim.fence })).toMatchObject({
        fence: later.fence,
        owner: { id: second },
      });
    });

    it('that was overtaken is refused everywhere, and nothing changes', async () => {
      const { directory, room, first, second, claim } = await owned(store());
      await directory.append([{ ...claim, entries: [entry(1), entry(2)] }]);
      const handed = await directory.handOver(claim, second, snapshot(1));
      await isRefused(directory, claim, first);
      expect(await directory.locate(room)).toMatchObject({ fence: handed.fence, owner: { id: second } });
      expect(await directory.load(handed)).toEqual({ snapshot: snapshot(1), log: [entry(2)] });
    });

    it('that somebody else has is refused everywhere: a store that lost its memory has given it twice', async () => {
      const { directory, room, second, claim } = await owned(store());
      await directory.append([{ ...claim, entries: [entry(1), entry(2)] }]);
      await directory.saveSnapshot(claim, snapshot(1));
      await isRefused(directory, { ...claim, owner: { id: second } }, second);
      expect(await directory.locate(room)).toMatchObject({
        fence: claim.fence,
        owner: { id: claim.owner.id },
      });
      expect(await directory.load(claim)).toEqual({ snapshot: snapshot(1), log: [entry(2)] });
    });

    it('of the future, of a room that nobody has, and of one that never was are refused', async () => {
      const { directory, claim } = await owned(store());
      await expect(directory.load({ ...claim, fence: claim.fence + 1 })).rejects.toEqual(fenceLost);
      await expect(directory.load({ ...claim, room: newRoom(), fence: 0 })).rejects.toEqual(fenceLost);
      await directory.release(claim, snapshot(1));
      await expect(directory.saveSnapshot(claim, snapshot(2))).rejects.toEqual(fenceLost);
      const unknown = { ...claim, room: newRoom(), fence: 0, entries: [entry(1)] };
      expect(await directory.append([unknown])).toEqual(['fence-lost']);
    });

    it('of a room is handed over to nobody who has no lease or drains', async () => {
      const { directory, second, claim } = await owned(store());
      for (const make of [() => directory.drain(second), () => directory.expel(second)]) {
        await make();
        await expect(directory.handOver(claim, second, snapshot(1))).rejects.toMatchObject({
          code: 'process-expired',
          message: expect.stringContaining(second),
        });
      }
      expect(await directory.load(claim)).toEqual({ snapshot: undefined, log: [] });
    });

    it('lets nothing of an earlier owner through when both write as fast as they can', async () => {
      const { directory: mine, room, second, claim } = await owned(store());
      const theirs = connectTo(store());
      const written: number[] = [];
      const writing = (async () => {
        for (let seq = 1; ; seq++) {
          const [outcome] = await mine.append([{ ...claim, entries: [entry(seq)] }]);
          if (outcome === 'fence-lost') return;
          written.push(seq);
        }
      })();
      await mine.append([{ ...claim, entries: [entry(0.5e6)] }]);
      await mine.expel(claim.owner.id);
      const next = await theirs.locate(room, { to: second });
      const { log } = await theirs.load(next);
      await writing;
      expect(await theirs.load(next)).toEqual({ snapshot: undefined, log });
      expect(log.map(({ seq }) => seq)).toEqual([...written, 500_000]);
    });
  });
}
