import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { waitUntil } from '@silly-face/testing';
import { DirectoryError } from '../../src/directory/directory.ts';
import { MemoryStore } from './memory-store.ts';
import { Party } from './party.ts';
import { Player } from './player.ts';

let party: Party;
beforeEach(() => {
  party = new Party(new MemoryStore());
});
afterEach(async () => {
  vi.restoreAllMocks();
  await party.end();
});

const heartbeatMs = 50;

describe('the lease of a process', () => {
  it('is over when the clock on the wall says so, as after a sleep of the machine in which the other stood still', async () => {
    const { rooms } = await party.start({ heartbeatMs: 60_000 });
    const awake = Date.now() + party.store.leaseMs;
    expect(rooms.lease.held).toBe(true);
    vi.spyOn(Date, 'now').mockReturnValue(awake + 1);
    expect(rooms.lease.held).toBe(false);
    vi.spyOn(Date, 'now').mockReturnValue(0);
    expect(rooms.lease.held).toBe(true);
  });

  it('begins anew only with a check-in that was answered: what others took meanwhile is found out', async () => {
    const host = await party.start({ heartbeatMs });
    const anna = await party.join(host, 'anna');
    const next = await party.start();
    host.directory.losesAnswers = true;
    await next.directory.expel(host.id);
    await next.seat('room', 'bert');
    await waitUntil(() => host.warnings.includes('the check-in failed'), { what: 'the check-in' });
    expect(party.store.alive(host.id)).toBeDefined();
    expect(host.rooms.lease.held).toBe(false);
    host.directory.losesAnswers = false;
    // Nobody says anything in the room, so no write is refused.
    expect(await anna.hears('MOVE')).toMatchObject({ port: next.address.port });
  });

  it('that begins anew while the process drains brings it no new rooms', async () => {
    const host = await party.start({ heartbeatMs });
    host.rooms.isDraining = true;
    await host.directory.expel(host.id);
    await waitUntil(() => host.rooms.lease.term === 1 && host.rooms.lease.held, { what: 'the new lease' });
    expect(party.store.alive(host.id)).toMatchObject({ draining: true });
    await expect(host.directory.locate('room')).rejects.toMatchObject({ code: 'no-process' });
  });

  it('that was over while a room was being opened does not open it, also when a new one has begun', async () => {
    const first = await party.start();
    const anna = await party.join(first, 'anna');
    const slow = await party.start({ heartbeatMs });
    const other = await party.start();
    const go = slow.directory.holdLoads();
    anna.goTo(slow.address);
    await first.crash();
    await other.directory.expel(first.id);
    await waitUntil(() => slow.directory.waitingLoads === 1, { what: 'the room to be loaded' });
    await other.directory.expel(slow.id);
    await other.seat('room', 'bert');
    await waitUntil(() => slow.rooms.lease.term === 1 && slow.rooms.lease.held, { what: 'the new lease' });
    go();
    const move = await anna.hears('MOVE', { port: other.address.port });
    const before = anna.heard.slice(0, anna.heard.indexOf(move));
    expect(before.filter(({ cmd }) => cmd === 'WELCOME')).toHaveLength(1);
    expect(slow.rooms.metrics).toMatchObject({ rooms: 0, lost: 0 });
  });
});

describe('a process that drains', () => {
  it('gives a room away that was being opened when it began', async () => {
    const host = await party.start();
    const seat = await host.seat('room', 'anna');
    const next = await party.start();
    const go = host.directory.holdLoads();
    const anna = party.add(new Player(host.address, seat));
    await waitUntil(() => host.directory.waitingLoads === 1, { what: 'the room to be loaded' });
    const drained = host.drain();
    await waitUntil(() => party.store.alive(host.id)?.draining, { what: 'the drain' });
    go();
    await drained;
    await waitUntil(() => anna.isIn && next.rooms.size === 1, { what: 'anna at the next' });
    expect(anna.heard.filter(({ cmd }) => cmd === 'BYE')).toEqual([]);
  });

  it('has released a room although the answer was lost, and nobody else is there to take it', async () => {
    const host = await party.start();
    const anna = await party.join(host, 'anna');
    const release = host.directory.release.bind(host.directory);
    let isLost = false;
    host.directory.release = async (...args) => {
      await release(...args);
      isLost = true;
      throw new DirectoryError('directory-unavailable', 'The answer was lost');
    };
    await host.drain();
    expect(isLost).toBe(true);
    expect(await anna.hears('BYE')).toMatchObject({ code: 'shutting-down' });
    expect(host.warnings).toEqual([]);
  });

  it('is not held up by a room that the directory does not take', async () => {
    const host = await party.start();
    const anna = await party.join(host, 'anna', 'bad');
    const bert = await party.join(host, 'bert', 'good');
    const next = await party.start();
    const handOver = host.directory.handOver.bind(host.directory);
    host.directory.handOver = async (hold, ...rest) => {
      if (hold.room === 'bad') throw new TypeError('It is not to be taken');
      return handOver(hold, ...rest);
    };
    await host.drain();
    expect(await anna.hears('BYE')).toMatchObject({ code: 'directory-unavailable' });
    await waitUntil(() => next.rooms.size === 1 && bert.isIn, { what: 'the move' });
    expect(host.warnings).toContain('the room cannot be handed over');
  });
});
