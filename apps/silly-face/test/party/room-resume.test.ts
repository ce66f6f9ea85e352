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

describe('a member who comes back', () => {
  it('gets what was missed, as it was, in order and once', async () => {
    const host = await party.start();
    const [anna, bert] = await party.joinAll(host, ['anna', 'bert']);
    await bert.does('CHAT', { text: 'before' });
    await anna.hears('CHAT', { text: 'before' });
    anna.loseConnection();
    await bert.does('CHAT', { text: 'meanwhile' });
    await bert.does('CHAT', { text: 'and more' });
    expect(await anna.comeBack()).toMatchObject({ replayed: true, you: anna.id });
    expect(anna.welcome).not.toHaveProperty('state');
    await bert.does('CHAT', { text: 'after' });
    await anna.hears('CHAT', { text: 'after' });
    expect(anna.events.slice(1)).toEqual(bert.events);
    expect(anna.texts()).toEqual(['before', 'meanwhile', 'and more', 'after']);
    expect(anna.complaints).toEqual([]);
  });

  it('hears who is away, at the place that the room has moved to as well', async () => {
    const host = await party.start({ awayAfterMs: 50 });
    const [anna, bert, cleo] = await party.joinAll(host, ['anna', 'bert', 'cleo']);
    bert.loseConnection();
    await anna.hears('AWAY', { by: bert.id });
    anna.loseConnection();
    expect(await anna.comeBack()).toMatchObject({ replayed: true, away: [bert.id] });
    // There nobody is told to be away until it has lasted for as long as it has to there.
    const next = await party.start();
    await host.drain();
    await waitUntil(() => anna.isIn && cleo.isIn, { what: 'both to be back' });
    expect(anna.welcome).toMatchObject({ replayed: true, away: [] });
    await bert.comeBack(next.address);
    await cleo.does('CHAT', { text: 'welcome back' });
    await anna.hears('CHAT');
    expect(anna.complaints).toEqual([]);
  });

  it('gets the whole room when too much was missed', async () => {
    const host = await party.start({ recentEvents: 4 });
    const [anna, bert] = await party.joinAll(host, ['anna', 'bert']);
    anna.loseConnection();
    for (let index = 0; index < 5; index++) await bert.does('CHAT', { text: `${index}` });
    expect(await anna.comeBack()).toMatchObject({
      replayed: false,
      seq: 7,
      state: { members: [{ name: 'anna' }, { name: 'bert' }], shower: anna.id },
    });
    await bert.does('CHAT', { text: 'after' });
    await anna.hears('CHAT', { text: 'after' });
    expect(anna.texts()).toEqual(['after']);
  });

  it('gets the whole room when what was missed is more than may wait for a client', async () => {
    const host = await party.start();
    const [anna, bert] = await party.joinAll(host, ['anna', 'bert']);
    anna.loseConnection();
    for (let index = 0; index < 100; index++) await bert.does('CHAT', { text: '漢'.repeat(1_000) });
    expect(await anna.comeBack()).toMatchObject({ replayed: false, seq: 102 });
    anna.loseConnection();
    for (let index = 0; index < 30; index++) await bert.does('CHAT', { text: '漢'.repeat(1_000) });
    expect(await anna.comeBack()).toMatchObject({ replayed: true });
  });

  it('may send again what was not answered, and it comes to effect once', async () => {
    const host = await party.start();
    const [anna, bert] = await party.joinAll(host, ['anna', 'bert']);
    const show = { cmd: 'SHOW', id: 'mine', face: 'Smug Cat' };
    anna.write(show);
    await bert.hears('SHOWN');
    anna.loseConnection();
    await anna.comeBack();
    await anna.hears('SHOWN', { id: 'mine' });
    anna.write(show);
    expect(await anna.hears('ERROR')).toMatchObject({ id: 'mine', code: 'already-applied' });
    await anna.does('CHAT', { text: 'done' });
    await bert.hears('CHAT');
    expect(bert.events.map(({ cmd }) => cmd)).toEqual(['SHOWN', 'CHAT']);
  });

  it('takes the place of its own connection that nobody has seen end', async () => {
    const host = await party.start();
    const [anna, bert] = await party.joinAll(host, ['anna', 'bert']);
    const double = await party.join(host, 'double');
    double.loseConnection();
    double.welcome = anna.welcome;
    await double.comeBack();
    expect(await anna.hears('BYE')).toMatchObject({ code: 'replaced' });
    await bert.does('CHAT', { text: 'to the new one' });
    await double.hears('CHAT', { text: 'to the new one' });
    expect(anna.texts()).toEqual([]);
    await anna.end();
  });

  it('hears of a move that was not kept when it came back as soon as it is, once and in order', async () => {
    const host = await party.start();
    const [anna, bert] = await party.joinAll(host, ['anna', 'bert']);
    const answer = host.directory.holdAppends();
    anna.send('SHOW', { face: 'Smug Cat' });
    bert.send('CHAT', { text: 'behind it' });
    await waitUntil(() => host.directory.trips > 2, { what: 'the trip' });
    for (const player of [anna, bert]) {
      player.loseConnection();
      expect(await player.comeBack()).toMatchObject({ replayed: true });
    }
    expect(bert.events).toEqual([]);
    answer();
    for (const player of [anna, bert]) await player.hears('CHAT');
    await waitUntil(() => anna.unanswered + bert.unanswered === 0, { what: 'all answers' });
    expect(anna.events.map(({ cmd }) => cmd)).toEqual(['JOINED', 'SHOWN', 'CHAT']);
    expect(bert.events.map(({ cmd }) => cmd)).toEqual(['SHOWN', 'CHAT']);
    expect([...anna.complaints, ...bert.complaints]).toEqual([]);
  });

  it('with a number that the room has not reached gets the whole of it', async () => {
    const host = await party.start();
    const [anna] = await party.joinAll(host, ['anna', 'bert']);
    anna.loseConnection();
    const client = await PartyClient.connect('TCP', host.address.port);
    client.send({ cmd: 'AUTH', room: 'room', resume: anna.welcome?.['resume'], after: 2 ** 53 - 1 });
    expect(await client.next('WELCOME')).toMatchObject({ replayed: false, seq: 2, state: { turn: 1 } });
    client.destroy();
  });

  it('with a number between those of a crash and those after it gets only what came after', async () => {
    const host = await party.start();
    const [anna, bert] = await party.joinAll(host, ['anna', 'bert']);
    anna.loseConnection();
    const next = await party.start();
    bert.goTo(next.address);
    await host.crash();
    await next.directory.expel(host.id);
    await bert.does('CHAT', { text: 'after the crash' });
    const client = await PartyClient.connect('TCP', next.address.port);
    // It has heard what nobody has kept.
    client.send({ cmd: 'AUTH', room: 'room', resume: anna.welcome?.['resume'], after: 500 });
    expect(await client.next('WELCOME')).toMatchObject({ replayed: true });
    await bert.does('CHAT', { text: 'live' });
    await client.next('CHAT');
    await client.next('CHAT');
    const events = client.frames.filter(({ seq, cmd }) => seq !== undefined && cmd !== 'WELCOME');
    expect(
      events.filter(({ cmd }) => cmd !== 'AWAY' && cmd !== 'BACK').map(({ cmd, text }) => text ?? cmd),
    ).toEqual(['after the crash', 'live']);
    client.destroy();
  });

  it('gets into no other room with its token', async () => {
    const host = await party.start();
    const anna = await party.join(host, 'anna', 'hers');
    const bert = await party.join(host, 'bert', 'his');
    for (const room of ['his', 'nobody has this one']) {
      const client = await PartyClient.connect('TCP', host.address.port);
      client.send({ cmd: 'AUTH', room, resume: anna.welcome?.['resume'], after: 0 });
      expect(await client.next('BYE')).toMatchObject({ code: 'bad-token' });
      await client.closed;
    }
    await bert.does('CHAT', { text: 'alone' });
    expect(bert.events.map(({ cmd }) => cmd)).toEqual(['CHAT']);
    expect([...party.store.rooms.keys()]).toEqual(['hers', 'his']);
    expect(host.rooms.size).toBe(2);
  });
});
