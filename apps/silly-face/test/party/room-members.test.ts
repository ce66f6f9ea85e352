import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitUntil } from '@silly-face/testing';
import { MemoryStore } from './memory-store.ts';
import { Party } from './party.ts';
import { PartyClient } from './party-client.ts';

let party: Party;
beforeEach(() => {
  party = new Party(new MemoryStore());
});
afterEach(() => party.end());

describe('members who do not come back', () => {
  it('after a crash are removed in time once somebody looks, though it be in vain, and the room with them', async () => {
    const host = await party.start();
    const players = await party.joinAll(host, ['anna', 'bert']);
    for (const player of players) player.loseConnection();
    const next = await party.start({ removeAfterMs: 100, closeEmptyMs: 50 });
    await host.crash();
    await next.directory.expel(host.id);
    expect(party.store.rooms.get('room')?.log.size).toBe(2);
    const client = await PartyClient.connect('TCP', next.address.port);
    client.send({ cmd: 'AUTH', room: 'room', resume: 'whose?', after: 0 });
    expect(await client.next('BYE')).toMatchObject({ code: 'bad-token' });
    await client.closed;
    await waitUntil(() => party.store.rooms.get('room')?.owner === undefined && next.rooms.isEmpty, {
      what: 'no room',
    });
    expect(party.store.rooms.get('room')).toMatchObject({ snapshot: undefined, log: new Map() });
    expect(next.warnings).toEqual([]);
  });
});

describe('a room of eight', () => {
  it('goes on without the one who does not read, whose place is kept', { timeout: 60_000 }, async () => {
    const host = await party.start({ limits: { unsentBytes: 20_000, closeTimeoutMs: 200 } });
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const readers = await party.joinAll(host, names);
    const seat = await host.seat('room', 'slow');
    const slow = await PartyClient.connect('TCP', host.address.port);
    slow.send({ cmd: 'AUTH', token: seat });
    await slow.next('WELCOME');
    slow.pause();
    const text = 'x'.repeat(1000);
    let said = 0;
    // The kernel's buffers take megabytes first.
    while (host.server.counts.byes['too-slow'] === undefined) {
      await Promise.all(readers.map((reader) => reader.does('CHAT', { text })));
      said += readers.length;
    }
    await waitUntil(() => host.rooms.metrics.connections === names.length, {
      what: 'the slow one to be gone',
    });
    for (const reader of readers) {
      await waitUntil(() => reader.texts().length === said, { what: 'all to hear all' });
      expect(reader.complaints).toEqual([]);
      expect(reader.heard.filter(({ cmd }) => cmd === 'BYE')).toEqual([]);
    }
    const [room] = host.rooms;
    expect(room?.state.party.members).toHaveLength(8);
    slow.destroy();
  });
});
