import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitUntil } from '@silly-face/testing';
import { MemoryStore } from './memory-store.ts';
import { Party } from './party.ts';
import { Player } from './player.ts';
import { chatter } from './chatter.ts';

let party: Party;
beforeEach(() => {
  party = new Party(new MemoryStore());
});
afterEach(() => party.end());

describe('a process that drains', () => {
  it('moves each room while all in it chat: nothing is lost, doubled or out of order', async () => {
    const old = await party.start();
    const rooms = ['one', 'two', 'three', 'four'];
    const players = await Promise.all(
      rooms.map((room) => party.joinAll(old, ['anna', 'bert', 'cleo'], room)),
    );
    const next = await party.start();
    const chat = chatter(players.flat());
    await chat.said(5);
    await old.drain();
    await chat.said(5);
    const sent = await chat.stop();
    for (const room of players) {
      const expected = room.flatMap((player) => sent.get(player) ?? []);
      for (const player of room) {
        expect(player.complaints).toEqual([]);
        expect(player.texts().toSorted()).toEqual(expected.toSorted());
        expect(player.texts()).toEqual(room[0]?.texts());
      }
    }
    expect(next.rooms.size).toBe(4);
    expect(old.rooms.size).toBe(0);
    expect(old.rooms.metrics.moves).toBe(4);
    expect(old.warnings).toEqual([]);
  });

  it('gives its numbers, its score and its turn away with the room', async () => {
    const old = await party.start();
    const [anna, bert] = await party.joinAll(old, ['anna', 'bert']);
    await anna.does('SHOW', { face: 'Smug Cat' });
    const { seq } = await bert.does('GUESS', { face: 'Smug Cat' });
    await party.start();
    await old.drain();
    await waitUntil(() => anna.isIn && bert.isIn, { what: 'both to be back' });
    expect(await bert.does('SHOW', { face: 'Jolly Gargoyle' })).toMatchObject({ seq: seq + 1, turn: 2 });
    anna.loseConnection();
    expect(await anna.comeBack()).toMatchObject({ replayed: true });
  });

  it('keeps with the room what was on its way to the log', async () => {
    const old = await party.start();
    const [anna, bert] = await party.joinAll(old, ['anna', 'bert']);
    await party.start();
    const release = old.directory.holdAppends();
    const trips = old.directory.trips;
    anna.send('SHOW', { face: 'Smug Cat' });
    await waitUntil(() => old.directory.trips > trips, { what: 'the trip' });
    const drained = old.drain();
    await bert.hears('SHOWN');
    await waitUntil(() => bert.isIn && anna.isIn && anna.heard.some(({ cmd }) => cmd === 'MOVE'), {
      what: 'the move',
    });
    release();
    await drained;
    expect(anna.unanswered).toBe(0);
    expect(await bert.does('GUESS', { face: 'Smug Cat' })).toMatchObject({ right: true });
    expect(bert.events.filter(({ cmd }) => cmd === 'SHOWN')).toHaveLength(1);
  });

  it('prefers the one that takes its place, then those that came later, then the least loaded', async () => {
    const early = await party.start();
    const old = await party.start();
    await Promise.all(['one', 'two'].map((room) => party.join(old, 'anna', room)));
    party.store.advance(10);
    const [later, latest] = [await party.start(), await party.start()];
    await old.drain();
    await waitUntil(() => later.rooms.size === 1 && latest.rooms.size === 1, { what: 'one each' });
    expect(early.rooms.size).toBe(0);
    const successor = await party.start({ advertised: later.address });
    await later.drain();
    expect([...party.store.rooms.values()].map(({ owner }) => owner)).toContain(successor.id);
  });

  it('leaves its rooms to whoever comes next when there is nobody else', async () => {
    const old = await party.start();
    const [anna, bert] = await party.joinAll(old, ['anna', 'bert']);
    await bert.does('CHAT', { text: 'before' });
    await old.drain();
    expect(await anna.hears('BYE')).toMatchObject({ code: 'shutting-down' });
    const next = await party.start();
    for (const player of [anna, bert]) player.goTo(next.address);
    await waitUntil(() => anna.isIn && bert.isIn, { what: 'both to be back' });
    await anna.does('CHAT', { text: 'after' });
    await bert.hears('CHAT', { text: 'after' });
    expect(bert.texts()).toEqual(['before', 'after']);
    expect(bert.complaints).toEqual([]);
  });

  it('waits for the directory when it is away for a while', async () => {
    const old = await party.start();
    const anna = await party.join(old, 'anna');
    const next = await party.start();
    old.directory.isDown = true;
    const drained = old.drain();
    await waitUntil(() => old.directory.refused >= 3, { what: 'some attempts' });
    old.directory.isDown = false;
    await drained;
    await waitUntil(() => next.rooms.size === 1 && anna.isIn, { what: 'the move' });
    expect(old.rooms.metrics.moves).toBe(1);
  });
});

describe('a room that is elsewhere', () => {
  it('is told to who comes with a token, and to who comes with a seat, who gets another', async () => {
    const [here, there] = [await party.start(), await party.start()];
    const anna = await party.join(here, 'anna');
    anna.loseConnection();
    await anna.comeBack(there.address);
    expect(await anna.hears('MOVE')).toMatchObject({ room: 'room', ...here.address });
    const bert = party.add(new Player(there.address, await here.seat('room', 'bert')));
    expect(await bert.hears('MOVE')).toMatchObject({ token: expect.any(String), port: here.address.port });
    await bert.hears('WELCOME');
    await anna.hears('JOINED', { by: bert.id });
  });

  it('is waited for when it is with the one whose place we take', async () => {
    const old = await party.start();
    const anna = await party.join(old, 'anna');
    const next = await party.start({ advertised: old.address });
    anna.loseConnection();
    const back = anna.comeBack(next.bound);
    await waitUntil(() => next.server.connections.size === 1, { what: 'anna at the new one' });
    await old.drain();
    expect(await back).toMatchObject({ replayed: true });
    expect(anna.heard.filter(({ cmd }) => cmd === 'MOVE')).toEqual([]);
  });
});
