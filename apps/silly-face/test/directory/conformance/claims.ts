import { describe, expect, it } from 'vitest';
import { checkedIn, connectTo, emptied, newRoom, type Store } from '../store.ts';

export function describeClaims(store: () => Store): void {
  describe('a room', () => {
    it('goes to the least loaded process, and stays there', async () => {
      const directory = await emptied(connectTo(store()));
      const [busy, idle] = await checkedIn(directory, 'busy', 'idle');
      await directory.heartbeat(busy, { rooms: 9, connections: 9 });
      await directory.heartbeat(idle, { rooms: 2, connections: 20 });
      const room = newRoom();
      const claim = await directory.locate(room);
      expect(claim).toMatchObject({ room, owner: { id: idle, host: '127.0.0.1', port: 31_337 } });
      await directory.heartbeat(idle, { rooms: 99, connections: 99 });
      const again = await connectTo(store()).locate(room);
      expect(again).toMatchObject({ fence: claim.fence, owner: { id: idle, rooms: 99 } });
    });

    it('that must have been there before is not made, and is found when it was', async () => {
      const directory = await emptied(connectTo(store()));
      const [first, second] = await checkedIn(directory, 'first', 'second');
      const room = newRoom();
      const attempt = directory.locate(room, { mustExist: true });
      await expect(attempt).rejects.toMatchObject({ code: 'no-room' });
      const claim = await directory.locate(room, { to: first });
      expect(await directory.locate(room, { mustExist: true })).toMatchObject({
        fence: claim.fence,
        owner: { id: first },
      });
      await directory.close(claim);
      const again = await directory.locate(room, { mustExist: true, to: second });
      expect(again).toMatchObject({ owner: { id: second } });
      expect(again.fence).toBeGreaterThan(claim.fence);
    });

    it('counts as load from the moment of its claim', async () => {
      const directory = await emptied(connectTo(store()));
      await checkedIn(directory, 'party-1', 'party-2');
      const owners: string[] = [];
      for (let each = 0; each < 10; each++) owners.push((await directory.locate(newRoom())).owner.id);
      expect(owners.filter((id) => id === 'h1/party-1/4711')).toHaveLength(5);
    });

    it('never goes to a process that drains, and stays with one that begins to', async () => {
      const directory = await emptied(connectTo(store()));
      const [draining] = await checkedIn(directory, 'draining');
      const room = newRoom();
      const claim = await directory.locate(room);
      await directory.drain(draining);
      expect(await directory.locate(room)).toMatchObject({ fence: claim.fence, owner: { draining: true } });
      await expect(directory.locate(newRoom())).rejects.toMatchObject({ code: 'no-process' });
      await expect(directory.locate(newRoom(), { to: draining })).rejects.toMatchObject({
        code: 'no-process',
        message: expect.stringContaining(draining),
      });
      const [other] = await checkedIn(directory, 'other');
      expect((await directory.locate(newRoom())).owner.id).toBe(other);
    });

    it('that nobody has goes to the process that is named, and one that somebody has does not', async () => {
      const directory = await emptied(connectTo(store()));
      const [idle, named] = await checkedIn(directory, 'idle', 'named');
      await directory.heartbeat(named, { rooms: 50, connections: 50 });
      const room = newRoom();
      expect((await directory.locate(room, { to: named })).owner.id).toBe(named);
      expect((await directory.locate(room, { to: idle })).owner.id).toBe(named);
      await expect(directory.locate(newRoom(), { to: 'h1/unknown/1' })).rejects.toMatchObject({
        code: 'no-process',
      });
    });

    it('is free when its process is expelled, and goes to another one under a higher fence', async () => {
      const directory = await emptied(connectTo(store()));
      const [first] = await checkedIn(directory, 'first');
      const room = newRoom();
      const before = await directory.locate(room);
      const [second] = await checkedIn(directory, 'second');
      await directory.expel(first);
      const after = await directory.locate(room);
      expect(after.owner.id).toBe(second);
      expect(after.fence).toBeGreaterThan(before.fence);
    });

    it('is its own with the same fence when a process comes back before anybody asked', async () => {
      const directory = await emptied(connectTo(store()));
      const [id] = await checkedIn(directory, 'party-1');
      const room = newRoom();
      const before = await directory.locate(room);
      await directory.expel(id);
      await checkedIn(directory, 'other', 'party-1');
      expect(await directory.locate(room, { to: id })).toMatchObject({
        fence: before.fence,
        owner: { id },
      });
    });

    it('has one owner when fifty ask for it at the same moment through two clients', async () => {
      const directories = [await emptied(connectTo(store())), connectTo(store())] as const;
      await checkedIn(directories[0], 'party-1', 'party-2', 'party-3');
      for (let round = 0; round < 5; round++) {
        const room = newRoom();
        const claims = await Promise.all(
          Array.from({ length: 50 }, (_, index) => directories[index % 2 === 0 ? 0 : 1].locate(room)),
        );
        expect(new Set(claims.map(({ owner, fence }) => `${owner.id} ${fence}`)).size).toBe(1);
      }
    });

    it('has one owner when fifty ask while its process is expelled', async () => {
      const directories = [await emptied(connectTo(store())), connectTo(store())] as const;
      await checkedIn(directories[0], 'party-1', 'party-2', 'party-3');
      const room = newRoom();
      const { owner, fence } = await directories[0].locate(room);
      const [, ...claims] = await Promise.all([
        directories[0].expel(owner.id),
        ...Array.from({ length: 50 }, (_, index) => directories[index % 2 === 0 ? 0 : 1].locate(room)),
      ]);
      const successors = claims.filter((claim) => claim.fence !== fence);
      expect(new Set(successors.map((claim) => `${claim.owner.id} ${claim.fence}`)).size).toBeLessThan(2);
      for (const claim of claims) expect(claim.owner.id === owner.id).toBe(claim.fence === fence);
    });
  });
}
