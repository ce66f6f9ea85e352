import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitUntil } from '@silly-face/testing';
import { DirectoryError } from '../../src/directory/directory.ts';
import { MemoryStore } from './memory-store.ts';
import { Party } from './party.ts';
import type { PartyProcess } from './party-process.ts';
import { Player } from './player.ts';

let party: Party;
/** Leases that end by our clock while the test watches, and not before it is ready on a busy machine. */
const leaseMs = 1500;
beforeEach(() => {
  party = new Party(new MemoryStore({ leaseMs }));
});
afterEach(() => party.end());

function leaseOver({ rooms }: PartyProcess): Promise<unknown> {
  return waitUntil(() => !rooms.lease.held, { what: 'the end of the lease', intervalMs: 5 });
}

describe('a process that does not reach the directory', () => {
  it('does nothing more when its lease is over, and goes on by itself with the room that nobody took', async () => {
    const host = await party.start();
    const [anna, bert] = await party.joinAll(host, ['anna', 'bert']);
    host.directory.isDown = true;
    expect(await anna.does('CHAT', { text: 'still ours' })).toMatchObject({ cmd: 'CHAT' });
    anna.send('SHOW', { face: 'Smug Cat' });
    await leaseOver(host);
    bert.send('CHAT', { text: 'refused at first' });
    expect(await bert.hears('ERROR')).toMatchObject({ code: 'directory-unavailable' });
    expect(bert.texts()).toEqual(['still ours']);
    expect(bert.events.map(({ cmd }) => cmd)).not.toContain('SHOWN');
    host.directory.isDown = false;
    await bert.hears('SHOWN');
    await anna.hears('CHAT', { text: 'refused at first' });
    await waitUntil(() => anna.unanswered + bert.unanswered === 0, { what: 'all answers' });
    expect(bert.events.filter(({ cmd }) => cmd === 'SHOWN')).toHaveLength(1);
    expect(anna.heard.filter(({ cmd }) => ['MOVE', 'BYE'].includes(cmd))).toEqual([]);
    expect(host.rooms.metrics).toMatchObject({ lost: 0, connections: 2 });
    // All of it is kept.
    await waitUntil(() => JSON.stringify([...stored()]).includes('refused at first'), { what: 'the log' });
  });

  it('sends its members to who took the room meanwhile, and what it had not kept has not happened', async () => {
    const host = await party.start();
    const [anna, bert] = await party.joinAll(host, ['anna', 'bert']);
    await anna.does('CHAT', { text: 'before' });
    await waitUntil(() => stored().length === 3, { what: 'the log' });
    host.directory.isDown = true;
    anna.send('SHOW', { face: 'Smug Cat' });
    await leaseOver(host);
    const next = await party.start();
    await waitUntil(() => party.store.alive(host.id) === undefined, { what: 'the end of the lease' });
    const cleo = await party.join(next, 'cleo');
    host.directory.isDown = false;
    for (const player of [anna, bert])
      expect(await player.hears('MOVE')).toMatchObject({ port: next.address.port });
    // Sent again, there.
    await cleo.hears('SHOWN', { by: anna.id });
    await waitUntil(() => anna.unanswered === 0, { what: 'the answer' });
    expect(bert.events.filter(({ cmd }) => cmd === 'SHOWN')).toHaveLength(1);
    expect(host.rooms.metrics).toMatchObject({ lost: 1, rooms: 0 });
    expect([...anna.complaints, ...bert.complaints]).toEqual([]);
  });

  it('tells nobody anything after its lease was over, even if another has the room by then', async () => {
    const host = await party.start();
    const [anna, bert] = await party.joinAll(host, ['anna', 'bert']);
    host.directory.isDown = true;
    await leaseOver(host);
    for (let index = 0; index < 10; index++) anna.write({ cmd: 'CHAT', id: `m${index}`, text: 'too late' });
    await anna.hears('ERROR', { id: 'm9' });
    expect(bert.texts()).toEqual([]);
    expect(host.rooms.metrics.dropped).toBe(10);
  });

  it('does not answer who comes then, and answers as soon as it can', async () => {
    const host = await party.start();
    const [anna] = await party.joinAll(host, ['anna', 'bert']);
    anna.loseConnection();
    host.directory.isDown = true;
    await leaseOver(host);
    const back = anna.comeBack();
    await waitUntil(() => host.server.connections.size === 2, { what: 'anna' });
    host.directory.isDown = false;
    expect(await back).toMatchObject({ replayed: true });
  });
});

describe('a directory that has lost its memory', () => {
  it('is told all by the process that has the room', async () => {
    const host = await party.start();
    const [anna, bert] = await party.joinAll(host, ['anna', 'bert']);
    await anna.does('SHOW', { face: 'Smug Cat' });
    party.store.forget();
    await bert.does('CHAT', { text: 'did something happen?' });
    await waitUntil(() => party.store.rooms.get('room')?.snapshot?.includes('Smug Cat'), {
      what: 'the room',
    });
    expect(await bert.does('GUESS', { face: 'Smug Cat' })).toMatchObject({ right: true });
    expect(anna.heard.filter(({ cmd }) => ['MOVE', 'BYE'].includes(cmd))).toEqual([]);
    const next = await party.start();
    await host.drain();
    await waitUntil(() => next.rooms.size === 1 && anna.isIn && bert.isIn, { what: 'the move' });
    expect(await bert.does('SHOW', { face: 'Smug Cat' })).toMatchObject({ turn: 2 });
    expect([...anna.complaints, ...bert.complaints]).toEqual([]);
  });

  it('of one room, and has given it with the same fence to who knows nothing: its history goes on where it is', async () => {
    const host = await party.start();
    const [anna, bert] = await party.joinAll(host, ['anna', 'bert']);
    const next = await party.start();
    party.store.rooms.delete('room');
    const cleo = await party.join(next, 'cleo');
    for (let index = 0; index < 5; index++) await cleo.does('CHAT', { text: `to nobody ${index}` });
    await waitUntil(() => stored().length === 6, { what: 'the log' });
    expect(party.store.rooms.get('room')).toMatchObject({ owner: next.id, fence: 1 });
    await anna.does('SHOW', { face: 'Smug Cat' });
    cleo.send('CHAT', { text: 'refused' });
    expect(await cleo.hears('MOVE')).toMatchObject({ port: host.address.port });
    expect(await bert.does('GUESS', { face: 'Smug Cat' })).toMatchObject({ right: true });
    expect(host.rooms.metrics).toMatchObject({ lost: 0, rooms: 1 });
    expect(next.rooms.metrics).toMatchObject({ lost: 1, rooms: 0 });
    // Nothing of the other one comes back, although it had gone further.
    for (const player of [anna, bert]) player.goTo(next.address);
    await host.crash();
    await next.directory.expel(host.id);
    await waitUntil(() => anna.isIn && bert.isIn, { what: 'both to be back' });
    const dora = await party.join(next, 'dora');
    expect(dora.state.members.map(({ name }) => name)).toEqual(['anna', 'bert', 'dora']);
    expect([...anna.texts(), ...anna.complaints, ...bert.complaints]).toEqual([]);
  });

  it('of one room, and what took it back arrives once more, late: it is refused, and takes nothing away', async () => {
    const host = await party.start();
    const [anna, bert] = await party.joinAll(host, ['anna', 'bert']);
    const next = await party.start();
    party.store.rooms.delete('room');
    await party.join(next, 'cleo');
    const replace = host.directory.replace.bind(host.directory);
    const late: (() => Promise<void>)[] = [];
    host.directory.replace = async (...asked) => {
      if (late.length > 0) return replace(...asked);
      late.push(() => replace(...asked));
      throw new DirectoryError('directory-unavailable', 'It is on its way');
    };
    await anna.does('SHOW', { face: 'Smug Cat' });
    await bert.does('GUESS', { face: 'Smug Cat' });
    const kept = stored();
    await expect(late[0]?.()).rejects.toMatchObject({ code: 'fence-lost' });
    expect(stored()).toEqual(kept);
    expect(kept.some((text) => text.includes('"guess"'))).toBe(true);
    expect(host.rooms.metrics).toMatchObject({ lost: 0, rooms: 1 });
  });

  it('of everything, and is asked for the room before it is told: the history goes on where it is', async () => {
    const host = await party.start();
    const [anna, bert] = await party.joinAll(host, ['anna', 'bert']);
    await anna.does('SHOW', { face: 'Smug Cat' });
    const next = await party.start();
    host.directory.isDown = true;
    party.store.forget();
    await waitUntil(() => party.store.alive(next.id), { what: 'the next' });
    const cleo = await party.join(next, 'cleo');
    host.directory.isDown = false;
    await waitUntil(() => party.store.rooms.get('room')?.owner === host.id, { what: 'the room' });
    cleo.send('CHAT', { text: 'refused' });
    await cleo.hears('MOVE', { port: host.address.port });
    expect(await bert.does('GUESS', { face: 'Smug Cat' })).toMatchObject({ right: true });
    expect(anna.heard.filter(({ cmd }) => ['MOVE', 'BYE'].includes(cmd))).toEqual([]);
    expect(host.rooms.metrics.lost).toBe(0);
  });

  it('of a room that nobody had come into yet: whoever is asked for it next has it', async () => {
    const host = await party.start();
    const seat = await host.seat('room', 'anna');
    const next = await party.start();
    const go = host.directory.holdAppends();
    const anna = party.add(new Player(host.address, seat));
    await waitUntil(() => host.directory.trips === 1, { what: 'the join on its way' });
    party.store.rooms.delete('room');
    const cleo = await party.join(next, 'cleo');
    expect(party.store.rooms.get('room')).toMatchObject({ owner: next.id, fence: 1 });
    go();
    expect(await anna.hears('WELCOME')).toMatchObject({ state: { members: [{ name: 'cleo' }, {}] } });
    expect(cleo.heard.filter(({ cmd }) => ['MOVE', 'BYE'].includes(cmd))).toEqual([]);
  });
});

function stored(): string[] {
  const room = party.store.rooms.get('room');
  return [...(room?.snapshot === undefined ? [] : [room.snapshot]), ...(room?.log.values() ?? [])];
}
