import { waitUntil } from '@silly-face/testing';
import { describe, expect, it } from 'vitest';
import { checkedIn, connectTo, emptied, newProcess, type Store } from '../store.ts';

const load = { rooms: 3, connections: 24 };

export function describeLeases(store: () => Store): void {
  describe('a process', () => {
    it('is listed with its address, its load and when it came', async () => {
      const directory = await emptied(connectTo(store()));
      await checkedIn(directory, 'party-1', 'party-2');
      await directory.heartbeat('h1/party-2/4711', load);
      const [first, second] = await directory.processes();
      expect(first).toEqual({
        ...newProcess('party-1'),
        rooms: 0,
        connections: 0,
        draining: false,
        startedAt: expect.any(Number),
      });
      expect(second).toMatchObject({ id: 'h1/party-2/4711', ...load });
      expect(second?.startedAt).toBeGreaterThanOrEqual(first?.startedAt ?? Infinity);
    });

    it('is gone when its lease is over, and its heartbeat says so', async () => {
      const directory = await emptied(connectTo(store(), { leaseMs: 100 }));
      const [id] = await checkedIn(directory, 'party-1');
      await waitUntil(async () => (await directory.processes()).length === 0, {
        what: 'the end of the lease',
      });
      await expect(directory.heartbeat(id, load)).rejects.toMatchObject({
        name: 'DirectoryError',
        code: 'process-expired',
        message: expect.stringContaining(id),
      });
      await expect(directory.locate('anything')).rejects.toMatchObject({ code: 'no-process' });
    });

    it('stays beyond its first lease when it renews it', async () => {
      const brief = await emptied(connectTo(store(), { leaseMs: 3000 }));
      const [renewed] = await checkedIn(brief, 'renewed');
      await connectTo(store(), { leaseMs: 60_000 }).heartbeat(renewed, load);
      await checkedIn(brief, 'silent');
      const ids = async (): Promise<string[]> => (await brief.processes()).map(({ id }) => id);
      await waitUntil(async () => (await ids()).length === 1, { what: 'the end of the later lease' });
      expect(await ids()).toEqual([renewed]);
    });

    it('begins anew when it checks in again under the same id', async () => {
      const directory = await emptied(connectTo(store()));
      const [id] = await checkedIn(directory, 'party-1');
      await directory.heartbeat(id, load);
      await directory.drain(id);
      await directory.checkIn({ ...newProcess('party-1'), port: 31_400 });
      expect(await directory.processes()).toMatchObject([
        { id, port: 31_400, rooms: 0, connections: 0, draining: false },
      ]);
    });

    it('that drains stays listed, goes on with its lease, and says that it drains', async () => {
      const directory = await emptied(connectTo(store()));
      const [id] = await checkedIn(directory, 'party-1');
      await directory.drain(id);
      await directory.heartbeat(id, load);
      expect(await directory.processes()).toMatchObject([{ id, draining: true }]);
    });

    it('that is expelled is gone at once, and may be expelled twice', async () => {
      const directory = await emptied(connectTo(store()));
      const [id] = await checkedIn(directory, 'party-1');
      await connectTo(store()).expel(id);
      await directory.expel(id);
      expect(await directory.processes()).toEqual([]);
      await expect(directory.heartbeat(id, load)).rejects.toMatchObject({ code: 'process-expired' });
    });

    it('that nobody knows may be drained: it gets no rooms anyway', async () => {
      const directory = await emptied(connectTo(store()));
      await directory.drain('h1/unknown/1');
      expect(await directory.processes()).toEqual([]);
    });
  });
}
