import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitUntil } from '@silly-face/testing';
import { chatter } from './chatter.ts';
import { MemoryStore } from './memory-store.ts';
import { Party } from './party.ts';

let party: Party;
beforeEach(() => {
  party = new Party(new MemoryStore());
});
afterEach(() => party.end());

describe('a room whose process has crashed', () => {
  it('comes back where its members ask for it, with all moves and with numbers that were never used', async () => {
    const host = await party.start({ snapshotEvery: 4 });
    const [anna, bert] = await party.joinAll(host, ['anna', 'bert']);
    await anna.does('SHOW', { face: 'Smug Cat' });
    for (let index = 0; index < 6; index++) await bert.does('CHAT', { text: `${index}` });
    const { seq } = await bert.does('GUESS', { face: 'Smug Cat' });
    await anna.hears('GUESSED');
    const next = await party.start();
    for (const player of [anna, bert]) player.goTo(next.address);
    await host.crash();
    await next.directory.expel(host.id);
    await waitUntil(() => anna.isIn && bert.isIn, { what: 'both to be back' });
    const shown = await bert.does('SHOW', { face: 'Jolly Gargoyle' });
    expect(shown.seq).toBeGreaterThan(seq + 999_999);
    expect(shown).toMatchObject({ cmd: 'SHOWN', turn: 2 });
    const cleo = await party.join(next, 'cleo');
    const { members } = cleo.state;
    expect(members.map(({ name, score }) => [name, score > 0])).toEqual([
      ['anna', true],
      ['bert', true],
      ['cleo', false],
    ]);
    expect([...anna.complaints, ...bert.complaints]).toEqual([]);
    expect(bert.texts()).toEqual(['0', '1', '2', '3', '4', '5']);
  });

  it('has done once what its members sent again', async () => {
    const host = await party.start();
    const [anna, bert] = await party.joinAll(host, ['anna', 'bert']);
    host.directory.losesAnswers = true;
    anna.send('SHOW', { face: 'Smug Cat' });
    // It is kept, and nobody knows.
    await waitUntil(() => party.store.rooms.get('room')?.log.size === 3, { what: 'the log' });
    const next = await party.start();
    for (const player of [anna, bert]) player.goTo(next.address);
    await host.crash();
    await next.directory.expel(host.id);
    await waitUntil(() => anna.unanswered === 0, { what: 'the answer' });
    await bert.hears('SHOWN');
    await bert.does('GUESS', { face: 'Smug Cat' });
    expect(bert.events.filter(({ cmd }) => cmd === 'SHOWN')).toHaveLength(1);
  });

  it('is taken by whoever is asked once the lease of its owner is over', async () => {
    const host = await party.start();
    const anna = await party.join(host, 'anna');
    const next = await party.start();
    await host.crash();
    anna.goTo(next.address);
    expect(await anna.hears('MOVE')).toMatchObject({ port: host.address.port });
    party.store.advance(party.store.leaseMs + 1);
    // It lives, and says so.
    await next.directory.checkIn(next.rooms.process);
    anna.goTo(next.address);
    await waitUntil(() => next.rooms.size === 1 && anna.isIn, { what: 'the room' });
  });

  it('loses no move when crash follows crash, with all in it talking', { timeout: 60_000 }, async () => {
    let host = await party.start();
    const players = await party.joinAll(host, ['anna', 'bert', 'cleo']);
    const chat = chatter(players);
    for (let crash = 0; crash < 3; crash++) {
      await chat.said(5);
      const next = await party.start();
      for (const player of players) player.goTo(next.address);
      await host.crash();
      await next.directory.expel(host.id);
      host = next;
    }
    const sent = await chat.stop();
    for (const player of players) {
      expect(player.complaints).toEqual([]);
      // What was told and not yet logged may be told again, with the same id.
      const byId = new Map(player.events.map((event) => [`${event.by} ${event.id}`, event.text]));
      for (const [speaker, texts] of sent)
        expect([...byId].filter(([key]) => key.startsWith(`${speaker.id} `)).map(([, text]) => text)).toEqual(
          expect.arrayContaining(texts),
        );
    }
  });
});
