import { waitUntil } from '@silly-face/testing';
import { describe, expect, it } from 'vitest';
import type { PartyConnection } from '../../src/party/connection.ts';
import { expectBye, OneRoom, startEdge, untilAllGone } from './edge-rig.ts';
import type { Transport } from './party-client.ts';

/** Asks somebody else, who takes as long as the test likes. */
class SlowRoom extends OneRoom {
  readonly asked: (() => void)[] = [];
  refusals = 0;

  override async auth(connection: PartyConnection): Promise<void> {
    await new Promise<void>((resolve) => {
      this.asked.push(resolve);
    });
    if (this.refusals-- > 0) return;
    this.welcome(connection);
  }
}

describe.each<Transport>(['TCP', 'WebSocket'])('AUTH over %s', (transport) => {
  it('lets commands wait that came behind it, in order', async () => {
    const { connect, handler } = await startEdge(new SlowRoom());
    const client = await connect(transport);
    client.send({ cmd: 'AUTH', token: 't' });
    for (const id of ['1', '2', '3']) client.send({ cmd: 'CHAT', id, text: id });
    await waitUntil(() => handler.asked.length === 1, { what: 'the question' });
    client.send({ cmd: 'CHAT', id: '4', text: '4' });
    expect(handler.commands).toEqual([]);
    handler.asked[0]?.();
    await waitUntil(() => client.all('CHAT').length === 4, { what: 'what was said' });
    expect(client.frames.map((frame) => frame['id'] ?? frame.cmd)).toEqual([
      'PLSAUTH',
      'WELCOME',
      '1',
      '2',
      '3',
      '4',
    ]);
  });

  it('may be tried again when the room did not decide', async () => {
    const { connect, handler } = await startEdge(new SlowRoom());
    handler.refusals = 1;
    const client = await connect(transport);
    client.send({ cmd: 'AUTH', token: 'wrong' });
    client.send({ cmd: 'AUTH', token: 'right' });
    await waitUntil(() => handler.asked.length === 1, { what: 'the first question' });
    handler.asked[0]?.();
    await waitUntil(() => handler.asked.length === 2, { what: 'the second question' });
    handler.asked[1]?.();
    await client.next('WELCOME');
    expect(client.all('BYE')).toEqual([]);
  });

  it('ends with auth-timeout when nothing comes, and when the room does not answer', async () => {
    const { connect, handler, server } = await startEdge(new SlowRoom(), { authTimeoutMs: 200 });
    const silent = await connect(transport);
    const waiting = await connect(transport);
    waiting.send({ cmd: 'AUTH', token: 't' });
    await Promise.all([expectBye(silent, 'auth-timeout'), expectBye(waiting, 'auth-timeout')]);
    handler.asked[0]?.();
    await untilAllGone(server);
    expect(waiting.all('WELCOME')).toEqual([]);
  });

  it('that fails ends with server-error, and others go on', async () => {
    class Failing extends OneRoom {
      override async auth(): Promise<void> {
        throw new Error('the directory burns');
      }
    }
    const { connect, errors } = await startEdge(new Failing());
    const client = await connect(transport);
    const other = await connect(transport);
    client.send({ cmd: 'AUTH', token: 't' });
    await expectBye(client, 'server-error');
    other.send({ cmd: 'RING' });
    await other.next('AHOY-HOY');
    expect(errors).toEqual([expect.objectContaining({ message: 'the directory burns' })]);
  });

  it('of a client that is gone before the answer lets nobody in, and is told of by closed', async () => {
    const { connect, handler, server } = await startEdge(new SlowRoom(), { authTimeoutMs: 300 });
    const client = await connect(transport);
    client.send({ cmd: 'AUTH', token: 't' });
    await waitUntil(() => handler.asked.length === 1, { what: 'the question' });
    client.destroy();
    await untilAllGone(server);
    expect(handler.left.length).toBe(1);
    handler.asked[0]?.();
    await waitUntil(() => handler.members.size === 1, { what: 'the answer' });
    expect(handler.members.values().next().value?.open).toBe(false);
  });
});

describe.each<Transport>(['TCP', 'WebSocket'])('a pause over %s', (transport) => {
  it('holds commands back, in order, and loses none', async () => {
    const { join, handler } = await startEdge(new OneRoom());
    const client = await join(transport);
    const [connection] = handler.members;
    connection?.pause();
    for (let id = 0; id < 20; id += 1) client.send({ cmd: 'GUESS', id: `${id}`, face: 'Smug Cat' });
    const other = await join(transport);
    other.send({ cmd: 'CHAT', id: 'other', text: 'Is anybody here?' });
    await client.next('CHAT');
    expect(handler.commands.map(({ id }) => id)).toEqual(['other']);
    connection?.resume();
    await waitUntil(() => handler.commands.length === 21, { what: 'the commands' });
    expect(handler.commands.slice(1).map(({ id }) => id)).toEqual(
      Array.from({ length: 20 }, (_, id) => `${id}`),
    );
  });

  it('in the midst of a chunk holds back what is behind it', async () => {
    class OneAtATime extends OneRoom {
      override command(connection: PartyConnection, frame: Parameters<OneRoom['command']>[1]): void {
        super.command(connection, frame);
        connection.pause();
      }
    }
    const { join, handler } = await startEdge(new OneAtATime());
    const client = await join(transport);
    const [connection] = handler.members;
    const lines = ['1', '2', '3'].map((id) => `{"cmd":"LEAVE","id":"${id}"}`);
    if (transport === 'TCP') client.raw(`${lines.join('\n')}\n`);
    else for (const line of lines) client.raw(line);
    for (const count of [1, 2, 3]) {
      await waitUntil(() => handler.commands.length > 0, { what: 'a command' });
      expect(handler.commands.length).toBe(count);
      connection?.resume();
      expect(handler.commands.length).toBe(count);
      await Promise.resolve();
      if (count < 3) await waitUntil(() => handler.commands.length > count, { what: 'the next command' });
    }
  });
});
