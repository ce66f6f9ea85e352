import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitUntil } from '@silly-face/testing';
import { MemoryStore } from './memory-store.ts';
import { Party } from './party.ts';
import { Player } from './player.ts';

let party: Party;
beforeEach(() => {
  party = new Party(new MemoryStore());
});
afterEach(() => party.end());

describe('in a room', () => {
  it('who joins is welcomed with all there is, and the others hear of it', async () => {
    const host = await party.start();
    const anna = await party.join(host, 'anna');
    const bert = await party.join(host, 'bert');
    expect(await anna.hears('JOINED', { by: bert.id })).toMatchObject({ name: 'bert', shower: anna.id });
    expect(bert.welcome).toMatchObject({
      cmd: 'WELCOME',
      room: 'room',
      you: 'id of bert',
      seq: 2,
      state: {
        members: [
          { id: anna.id, name: 'anna', score: 0 },
          { id: bert.id, name: 'bert', score: 0 },
        ],
        away: [],
        turn: 1,
        shower: anna.id,
      },
    });
    expect(host.rooms.metrics).toMatchObject({ rooms: 1, connections: 2, messages: 2 });
  });

  it('all hear the chat in the same order', async () => {
    const host = await party.start();
    const players = await party.joinAll(host, ['anna', 'bert', 'cleo']);
    for (let index = 0; index < 20; index++)
      for (const player of players) player.send('CHAT', { text: `${player.id} ${index}` });
    await waitUntil(() => players.every((player) => player.texts().length === 60), { what: 'the chat' });
    const [anna, bert, cleo] = players.map((player) => player.texts());
    expect(bert).toEqual(anna);
    expect(cleo).toEqual(anna);
  });

  it('they race to guess a face, and who wins shows the next', async () => {
    const host = await party.start();
    const [anna, bert, cleo] = await party.joinAll(host, ['anna', 'bert', 'cleo']);
    expect(await bert.does('SHOW', { face: 'Smug Cat' })).toMatchObject({
      cmd: 'ERROR',
      code: 'out-of-turn',
    });
    await anna.does('SHOW', { face: 'Smug Cat', photo: 'photos/1' });
    const shown = await bert.hears('SHOWN');
    expect(shown).toMatchObject({ by: anna.id, photo: 'photos/1', turn: 1 });
    expect(shown['choices']).toContain('Smug Cat');
    // Nobody learns it before it is guessed.
    expect(shown).not.toHaveProperty('face');
    const wrong = (shown['choices'] as string[]).find((face) => face !== 'Smug Cat');
    expect(await bert.does('GUESS', { face: wrong })).toMatchObject({ cmd: 'GUESSED', right: false });
    await cleo.hears('GUESSED', { by: bert.id, face: wrong as string });
    const answers = await Promise.all(
      [bert, cleo].map((player) => player.does('GUESS', { face: 'Smug Cat' })),
    );
    const winner = answers.find(({ cmd }) => cmd === 'GUESSED');
    expect(answers.find(({ cmd }) => cmd === 'ERROR')).toMatchObject({ code: 'out-of-turn' });
    expect(winner).toMatchObject({ right: true, turn: 2, shower: winner?.by });
    const dora = await party.join(host, 'dora');
    const { members } = dora.state;
    expect(members.find(({ id }) => id === winner?.by)?.score).toBeGreaterThan(0);
    expect(members.find(({ id }) => id === anna.id)?.score).toBeGreaterThan(0);
  });

  it('who leaves is gone for all, and the turn passes', async () => {
    const host = await party.start();
    const [anna, bert] = await party.joinAll(host, ['anna', 'bert']);
    anna.send('LEAVE');
    expect(await anna.hears('BYE')).toMatchObject({ code: 'left' });
    expect(await bert.hears('LEFT')).toMatchObject({ by: anna.id, reason: 'wish', shower: bert.id });
  });

  it('there are eight, each with a name of its own, and nobody else', async () => {
    const host = await party.start();
    await party.joinAll(
      host,
      Array.from({ length: 7 }, (_, index) => `player ${index}`),
    );
    const namesake = new Player(host.address, await host.directory.issueSeat(seat('x', 'PLAYER 1'), 1000));
    party.add(namesake);
    expect(await namesake.hears('BYE')).toMatchObject({ code: 'name-taken' });
    await party.join(host, 'player 7');
    const ninth = new Player(host.address, await host.seat('room', 'player 8'));
    party.add(ninth);
    expect(await ninth.hears('BYE')).toMatchObject({ code: 'room-full' });
  });

  it('a turn that takes too long passes to the next', async () => {
    const host = await party.start({ showMs: 50 });
    const [anna, bert] = await party.joinAll(host, ['anna', 'bert']);
    expect(await bert.hears('TURN')).toMatchObject({ late: anna.id, shower: bert.id });
  });

  it('a seat is good for one use, and a token that nobody gave for none', async () => {
    const host = await party.start({ closeEmptyMs: 60_000 });
    const token = await host.seat('room', 'anna');
    party.add(await Player.join(host.address, token));
    const second = party.add(new Player(host.address, token));
    expect(await second.hears('BYE')).toMatchObject({ code: 'bad-token' });
    const liar = await party.join(host, 'liar', 'other');
    liar.welcome = { ...liar.welcome, room: 'nowhere' } as unknown as Player['welcome'];
    liar.loseConnection();
    void liar.comeBack().catch(() => {});
    expect(await liar.hears('BYE')).toMatchObject({ code: 'bad-token' });
    // The room that it made us open does not stay for it.
    await waitUntil(() => [...host.rooms].every(({ name }) => name !== 'nowhere'), { what: 'its end' });
  });

  it('whoever is away is told to be, and not when it was for a moment', async () => {
    const host = await party.start({ awayAfterMs: 300 });
    const [anna, bert] = await party.joinAll(host, ['anna', 'bert']);
    bert.loseConnection();
    await bert.comeBack();
    bert.loseConnection();
    await anna.hears('AWAY', { by: bert.id });
    const cleo = await party.join(host, 'cleo');
    expect(cleo.welcome?.['state']).toMatchObject({ away: [bert.id] });
    await bert.comeBack();
    await anna.hears('BACK', { by: bert.id });
    expect(anna.events.map(({ cmd }) => cmd)).toEqual(['JOINED', 'AWAY', 'JOINED', 'BACK']);
  });

  it('whoever is away for long has left', async () => {
    const host = await party.start({ awayAfterMs: 20, removeAfterMs: 100 });
    const [anna, bert] = await party.joinAll(host, ['anna', 'bert']);
    bert.loseConnection();
    expect(await anna.hears('LEFT')).toMatchObject({ by: bert.id, reason: 'away' });
    void bert.comeBack().catch(() => {});
    expect(await bert.hears('BYE')).toMatchObject({ code: 'bad-token' });
  });

  it('when nobody is left for a while, the room is over for the directory, too', async () => {
    const host = await party.start({ closeEmptyMs: 50 });
    const anna = await party.join(host, 'anna');
    anna.send('LEAVE');
    await waitUntil(() => host.rooms.size === 0, { what: 'the end of the room' });
    expect(party.store.rooms.get('room')).toMatchObject({ owner: undefined, snapshot: undefined });
    expect(party.store.rooms.get('room')?.log.size).toBe(0);
    const again = await party.join(host, 'bert');
    expect(again.welcome?.['state']).toMatchObject({ members: [{ name: 'bert' }], turn: 1 });
  });

  it('a member who comes with a new seat takes the place of the old connection', async () => {
    const host = await party.start();
    const anna = await party.join(host, 'anna');
    const again = await party.join(host, 'anna');
    expect(await anna.hears('BYE')).toMatchObject({ code: 'replaced' });
    expect(again.welcome?.['state']).toMatchObject({ members: [{ name: 'anna' }] });
    void anna.comeBack().catch(() => {});
    expect(await anna.hears('BYE', { code: 'bad-token' })).toBeDefined();
  });
});

function seat(id: string, name: string): { room: string; player: { id: string; name: string } } {
  return { room: 'room', player: { id, name } };
}
