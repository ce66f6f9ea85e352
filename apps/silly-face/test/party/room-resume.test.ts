import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryStore } from './memory-store.ts';
import { Party } from './party.ts';

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
});
