import { waitUntil } from '@silly-face/testing';
import { describe, expect, it } from 'vitest';
import type { PartyConnection } from '../../src/party/connection.ts';
import { encode } from '../../src/party/encoded.ts';
import type { CommandFrame } from '../../src/party/frames.ts';
import { expectBye, OneRoom, startEdge, untilAllGone } from './edge-rig.ts';
import type { Transport } from './party-client.ts';

const TRANSPORTS: Transport[] = ['TCP', 'WebSocket'];

describe.each(TRANSPORTS)('a client over %s', (transport) => {
  it('is asked for AUTH, gets in with a seat, and hears what is said', async () => {
    const { connect, handler } = await startEdge(new OneRoom());
    const client = await connect(transport);
    await client.next('PLSAUTH');
    client.send({ cmd: 'AUTH', token: 'seat-1', junk: true });
    await client.next('WELCOME');
    client.send({ cmd: 'CHAT', id: 'c1', text: 'héllo 🦉', color: 'red' });
    expect(await client.next('CHAT')).toEqual({
      cmd: 'CHAT',
      id: 'c1',
      text: 'héllo 🦉',
      seq: 1,
      by: expect.any(String),
    });
    expect(handler.auths).toEqual([{ cmd: 'AUTH', token: 'seat-1' }]);
  });

  it('gets AHOY-HOY for RING and PONG for PING before and after AUTH', async () => {
    const { connect } = await startEdge(new OneRoom());
    const client = await connect(transport);
    for (const frame of [
      { cmd: 'RING' },
      { cmd: 'PING' },
      { cmd: 'AUTH', token: 't' },
      { cmd: 'PING' },
      { cmd: 'RING' },
    ])
      client.send(frame);
    await client.next('AHOY-HOY');
    await client.next('AHOY-HOY');
    expect(client.frames.map(({ cmd }) => cmd)).toEqual([
      'PLSAUTH',
      'AHOY-HOY',
      'PONG',
      'WELCOME',
      'PONG',
      'AHOY-HOY',
    ]);
  });

  it('hands on every command as it is documented', async () => {
    const { join, handler } = await startEdge(new OneRoom());
    const client = await join(transport);
    const commands: CommandFrame[] = [
      { cmd: 'CHAT', id: '1', text: 'x'.repeat(1_000) },
      { cmd: 'SHOW', id: '2', face: 'Smug Cat' },
      { cmd: 'SHOW', id: '3', face: 'Smug Cat', photo: '/photos/1' },
      { cmd: 'GUESS', id: '4', face: 'Puzzled Pug' },
      { cmd: 'LEAVE', id: '5' },
    ];
    for (const command of commands) client.send(command);
    await waitUntil(() => handler.commands.length === commands.length, { what: 'the commands' });
    expect(handler.commands).toEqual(commands);
  });

  it('may come back with what WELCOME gave', async () => {
    const { connect, handler } = await startEdge(new OneRoom());
    const client = await connect(transport);
    client.send({ cmd: 'AUTH', room: 'r', resume: 'again', after: 17 });
    await client.next('WELCOME');
    expect(handler.auths).toEqual([{ cmd: 'AUTH', room: 'r', resume: 'again', after: 17 }]);
  });

  it.each<[string, string]>([
    ['not-json', 'hello'],
    ['not-json', '{"cmd":"RING"'],
    ['not-json', '\uFEFF{"cmd":"RING"}'],
    ['not-json', '['.repeat(4_000)],
    ['bad-frame', `${'['.repeat(4_000)}${']'.repeat(4_000)}`],
    ['bad-frame', '[{"cmd":"RING"}]'],
    ['bad-frame', '17'],
    ['bad-frame', 'null'],
    ['bad-frame', '"RING"'],
    ['bad-frame', '{}'],
    ['bad-frame', '{"cmd":17}'],
    ['bad-frame', '{"__proto__":{"cmd":"RING"}}'],
    ['bad-frame', '{"cmd":"AUTH"}'],
    ['bad-frame', '{"cmd":"AUTH","token":17}'],
    ['bad-frame', '{"cmd":"AUTH","token":""}'],
    ['bad-frame', '{"cmd":"AUTH","room":"r","resume":"x","after":-1}'],
    ['bad-frame', '{"cmd":"AUTH","room":"r","resume":"x","after":1e300}'],
    ['bad-frame', '{"cmd":"CHAT","id":"1","text":["a"]}'],
    ['bad-frame', `{"cmd":"CHAT","id":"1","text":"${'x'.repeat(1_001)}"}`],
    ['bad-frame', String.raw`{"cmd":"CHAT","id":"1","text":"\u0000"}`],
    ['bad-frame', String.raw`{"cmd":"CHAT","id":"1","text":"half an owl \ud83e"}`],
    ['unknown-cmd', '{"cmd":"ring"}'],
    ['unknown-cmd', '{"cmd":"constructor"}'],
    ['not-authenticated', '{"cmd":"CHAT","id":"1","text":"hi"}'],
  ])('gets BYE %s for what is not as it should be (%$), and others do not notice', async (code, line) => {
    const { connect, join, errors } = await startEdge(new OneRoom());
    const other = await join(transport);
    const client = await connect(transport);
    client.raw(transport === 'TCP' ? `${line}\n` : line);
    await expectBye(client, code);
    other.send({ cmd: 'RING' });
    await other.next('AHOY-HOY');
    expect(errors).toEqual([]);
  });

  it('gets BYE already-authenticated for a second AUTH', async () => {
    const { join } = await startEdge(new OneRoom());
    const client = await join(transport);
    client.send({ cmd: 'AUTH', token: 'another' });
    await expectBye(client, 'already-authenticated');
  });

  it('is not heard any more behind what earned it a BYE', async () => {
    const { join, handler } = await startEdge(new OneRoom());
    const client = await join(transport);
    const lines = ['{"cmd":"CHAT","id":"1","text":"a"}', 'oops', '{"cmd":"CHAT","id":"2","text":"b"}'];
    if (transport === 'TCP') client.raw(`${lines.join('\n')}\n`);
    else for (const line of lines) client.raw(line);
    await expectBye(client, 'not-json');
    expect(handler.commands.map(({ id }) => id)).toEqual(['1']);
  });

  it('is told when the room breaks, and the reason goes to the log', async () => {
    class Broken extends OneRoom {
      override command(): void {
        throw new Error('no such chair');
      }
    }
    const { join, errors } = await startEdge(new Broken());
    const client = await join(transport);
    client.send({ cmd: 'LEAVE', id: '1' });
    await expectBye(client, 'server-error');
    expect(errors).toEqual([expect.objectContaining({ message: 'no such chair' })]);
  });

  it('hears BYE shutting-down when the process ends', async () => {
    const { join, server } = await startEdge(new OneRoom());
    const client = await join(transport);
    const ended = server.close();
    const closeCode = await expectBye(client, 'shutting-down');
    expect(closeCode).toBe(transport === 'TCP' ? undefined : 1001);
    await ended;
  });

  it('is told of by closed once, however it goes', async () => {
    const { connect, join, server, handler } = await startEdge(new OneRoom());
    const polite = await join(transport);
    const rude = await join(transport);
    const wrong = await join(transport);
    const stranger = await connect(transport);
    await polite.end();
    rude.destroy();
    wrong.send([]);
    await wrong.closed;
    await stranger.end();
    await untilAllGone(server);
    expect(handler.left.length).toBe(3);
    expect(new Set(handler.left).size).toBe(3);
    expect(handler.members.size).toBe(0);
  });

  it('gets all that was sent before an end, and nothing behind it', async () => {
    class Movers extends OneRoom {
      override command(connection: PartyConnection): void {
        const [room, host] = ['r', 'elsewhere'];
        connection.send(encode({ cmd: 'MOVE', room, host, port: 1, webSocketUrl: 'ws://elsewhere:2/' }));
        connection.end();
        connection.send(encode({ cmd: 'PING' }));
        connection.bye('left', 'This comes too late to be said');
      }
    }
    const { join, server } = await startEdge(new Movers());
    const client = await join(transport);
    client.send({ cmd: 'LEAVE', id: '1' });
    expect(await client.closed).toBe(transport === 'TCP' ? undefined : 1001);
    expect(client.frames.at(-1)).toMatchObject({ cmd: 'MOVE', host: 'elsewhere' });
    await untilAllGone(server);
  });
});

describe('a turn of the event loop', () => {
  it('brings everybody all that was said in it, in order', async () => {
    const { join } = await startEdge(new OneRoom());
    const clients = [await join('TCP'), await join('WebSocket'), await join('TCP'), await join('WebSocket')];
    const speaker = clients[0];
    for (let id = 0; id < 30; id += 1)
      speaker?.send({ cmd: 'CHAT', id: `${id}`, text: 'x'.repeat(1 + id * 30) });
    for (const client of clients) {
      await waitUntil(() => client.all('CHAT').length === 30, { what: 'all that was said' });
      expect(client.all('CHAT').map(({ seq }) => seq)).toEqual(
        Array.from({ length: 30 }, (_, index) => index + 1),
      );
    }
  });
});
