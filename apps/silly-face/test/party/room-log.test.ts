import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitUntil } from '@silly-face/testing';
import { MemoryStore } from './memory-store.ts';
import { Party } from './party.ts';

let party: Party;
beforeEach(() => {
  party = new Party(new MemoryStore());
});
afterEach(() => party.end());

function logged(room = 'room'): string[] {
  return [...(party.store.rooms.get(room)?.log.values() ?? [])];
}

describe('what happens in a room', () => {
  it('is kept before anybody hears of it, and chat is heard at once', async () => {
    const host = await party.start();
    const [anna, bert] = await party.joinAll(host, ['anna', 'bert']);
    const release = host.directory.holdAppends();
    anna.send('CHAT', { text: 'first' });
    await bert.hears('CHAT', { text: 'first' });
    anna.send('SHOW', { face: 'Smug Cat' });
    anna.send('CHAT', { text: 'behind the face' });
    // Answered after the two: they had their chance to be told.
    anna.write({ cmd: 'RING' });
    await anna.hears('AHOY-HOY');
    expect(bert.events.map(({ cmd }) => cmd)).toEqual(['CHAT']);
    release();
    await bert.hears('CHAT', { text: 'behind the face' });
    expect(bert.events.map(({ cmd }) => cmd)).toEqual(['CHAT', 'SHOWN', 'CHAT']);
    expect(logged().some((event) => event.includes('Smug Cat'))).toBe(true);
    expect(bert.complaints).toEqual([]);
  });

  it('is kept before anybody hears of it when it has waited for something that had to be, chat too', async () => {
    const host = await party.start();
    const [anna, bert] = await party.joinAll(host, ['anna', 'bert']);
    const { trips } = host.directory;
    const first = host.directory.holdAppends();
    anna.send('SHOW', { face: 'Smug Cat' });
    await waitUntil(() => host.directory.trips > trips, { what: 'the trip of the face' });
    anna.send('CHAT', { text: 'behind the face' });
    anna.write({ cmd: 'RING' });
    await anna.hears('AHOY-HOY');
    first();
    const second = host.directory.holdAppends();
    await bert.hears('SHOWN');
    bert.write({ cmd: 'RING' });
    await bert.hears('AHOY-HOY');
    expect(bert.texts()).toEqual([]);
    second();
    await bert.hears('CHAT', { text: 'behind the face' });
  });

  it('is heard when it is kept as long as the log is late, chat too', async () => {
    const host = await party.start();
    const [anna, bert] = await party.joinAll(host, ['anna', 'bert']);
    const { trips } = host.directory;
    const release = host.directory.holdAppends();
    anna.send('CHAT', { text: 'in time' });
    await waitUntil(() => host.directory.trips > trips, { what: 'the trip' });
    await waitUntil(() => host.rooms.log.isLate, { what: 'the trip to take long' });
    anna.send('CHAT', { text: 'late' });
    anna.write({ cmd: 'RING' });
    await anna.hears('AHOY-HOY');
    expect(bert.texts()).toEqual(['in time']);
    release();
    await bert.hears('CHAT', { text: 'late' });
    await anna.does('CHAT', { text: 'in time again' });
    expect(bert.complaints).toEqual([]);
  });

  it('is heard when it is kept once the log has failed, until it has succeeded', async () => {
    const host = await party.start();
    const [anna, bert] = await party.joinAll(host, ['anna', 'bert']);
    host.directory.isDown = true;
    anna.send('CHAT', { text: 'before it is known' });
    await waitUntil(() => host.warnings.includes('the events were not logged'), { what: 'the failure' });
    anna.send('CHAT', { text: 'afterwards' });
    anna.write({ cmd: 'RING' });
    await anna.hears('AHOY-HOY');
    expect(bert.texts()).toEqual(['before it is known']);
    host.directory.isDown = false;
    await bert.hears('CHAT', { text: 'afterwards' });
    expect(logged().filter((event) => event.includes('"chat"'))).toHaveLength(2);
  });

  it('of one member is refused when more of it waits than could be told apart from a repetition', async () => {
    const host = await party.start();
    const [anna, bert] = await party.joinAll(host, ['anna', 'bert']);
    const release = host.directory.holdAppends();
    anna.send('SHOW', { face: 'Smug Cat' });
    const chats = Array.from({ length: 60 }, (_, index) => ({
      cmd: 'CHAT',
      id: `m${index}`,
      text: `${index}`,
    }));
    for (const chat of chats) anna.write(chat);
    expect(await anna.hears('ERROR')).toMatchObject({ id: 'm39', code: 'directory-unavailable' });
    anna.loseConnection();
    await anna.comeBack();
    for (const chat of chats) anna.write(chat);
    expect(await anna.hears('ERROR', { id: 'm0' })).toMatchObject({ code: 'already-applied' });
    await anna.hears('ERROR', { id: 'm59' });
    release();
    await bert.hears('CHAT', { id: 'm38' });
    await anna.does('CHAT', { text: 'after' });
    await bert.hears('CHAT', { text: 'after' });
    expect(bert.texts()).toEqual([...chats.slice(0, 39).map(({ text }) => text), 'after']);
  });

  it('is not told to who comes back meanwhile, but after it is kept', async () => {
    const host = await party.start();
    const [anna, bert] = await party.joinAll(host, ['anna', 'bert']);
    bert.loseConnection();
    const release = host.directory.holdAppends();
    anna.send('SHOW', { face: 'Smug Cat' });
    anna.write({ cmd: 'RING' });
    await anna.hears('AHOY-HOY');
    expect(await bert.comeBack()).toMatchObject({ seq: 2 });
    release();
    await bert.hears('SHOWN', { seq: 3 });
    expect(bert.complaints).toEqual([]);
  });

  it('goes to the log of all rooms in one trip, and in the next what came during it', async () => {
    const host = await party.start();
    const names = ['one', 'two', 'three', 'four'];
    const players = await Promise.all(names.map((room) => party.join(host, `of ${room}`, room)));
    const { trips } = host.directory;
    const release = host.directory.holdAppends();
    players[0]?.send('SHOW', { face: 'Smug Cat' });
    await waitUntil(() => host.directory.trips === trips + 1, { what: 'the first trip' });
    for (const player of players.slice(1)) {
      player.send('SHOW', { face: 'Smug Cat' });
      player.write({ cmd: 'RING' });
      await player.hears('AHOY-HOY');
    }
    expect(host.directory.trips).toBe(trips + 1);
    release();
    await Promise.all(players.map((player) => player.hears('SHOWN')));
    expect(host.directory.trips).toBe(trips + 2);
  });

  it('is refused when too much of it waits to be kept, and goes on by itself', async () => {
    const host = await party.start({ mostUnwritten: 8 });
    const [anna, bert] = await party.joinAll(host, ['anna', 'bert']);
    const release = host.directory.holdAppends();
    for (let index = 0; index < 20; index++) anna.write({ cmd: 'CHAT', id: `m${index}`, text: `${index}` });
    expect(await anna.hears('ERROR', { id: 'm19' })).toMatchObject({ code: 'directory-unavailable' });
    expect(bert.texts().length).toBeLessThanOrEqual(8);
    release();
    await waitUntil(() => logged().length === 10, { what: 'the log' });
    expect(await anna.does('CHAT', { text: 'after' })).toMatchObject({ cmd: 'CHAT' });
  });

  it('is logged once and in order when the answers of the directory are lost', async () => {
    const host = await party.start();
    const [anna, bert] = await party.joinAll(host, ['anna', 'bert']);
    host.directory.losesAnswers = true;
    anna.send('SHOW', { face: 'Smug Cat' });
    for (let index = 0; index < 5; index++) anna.send('CHAT', { text: `${index}` });
    await waitUntil(() => host.warnings.includes('the events were not logged'), { what: 'the loss' });
    expect(bert.events).toEqual([]);
    host.directory.losesAnswers = false;
    await waitUntil(() => bert.events.length === 6, { what: 'the events' });
    await waitUntil(() => logged().length === 8, { what: 'the log' });
    expect([...(party.store.rooms.get('room')?.log.keys() ?? [])]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(bert.texts()).toEqual(['0', '1', '2', '3', '4']);
  });

  it('is in a snapshot after so many events, and the log is short again', async () => {
    const host = await party.start({ snapshotEvery: 10 });
    const anna = await party.join(host, 'anna');
    for (let index = 0; index < 35; index++) await anna.does('CHAT', { text: `${index}` });
    const { rooms } = party.store;
    const snapshot = await waitUntil(() => logged().length < 20 && rooms.get('room')?.snapshot, {
      what: 'a snapshot that makes the log short',
    });
    expect(JSON.parse(snapshot)).toMatchObject({ seq: expect.any(Number) as number });
  });
});
