import { once } from 'node:events';
import { connect } from 'node:net';
import { waitUntil } from '@silly-face/testing';
import { describe, expect, it } from 'vitest';
import { expectBye, OneRoom, startEdge, untilAllGone } from './edge-rig.ts';

const RING = '{"cmd":"RING"}';

describe('lines over TCP', () => {
  it('may end with LF or CRLF, stand one behind the other in a packet, and be empty', async () => {
    const { connect: connectTo } = await startEdge(new OneRoom());
    const client = await connectTo('TCP');
    client.raw(`${RING}\n\r\n\n${RING}\r\n \t${RING} \r\r\n`);
    for (let count = 1; count <= 3; count += 1) await client.next('AHOY-HOY');
    expect(client.frames.length).toBe(4);
  });

  it('may come byte by byte, characters of several bytes too', async () => {
    const { join, handler } = await startEdge(new OneRoom());
    const client = await join('TCP');
    const line = Buffer.from(
      '{"cmd":"CHAT","id":"1","text":"zwölf Eulen 🦉, 十二"}\r\n{"cmd":"CHAT","id":"2","text":"ä"}\n',
    );
    for (const byte of line) {
      client.raw(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await waitUntil(() => handler.commands.length === 2, { what: 'the commands' });
    expect(handler.commands.map((command) => command.cmd === 'CHAT' && command.text)).toEqual([
      'zwölf Eulen 🦉, 十二',
      'ä',
    ]);
  });

  it('of any length up to the limit may be cut anywhere', async () => {
    const { join, handler } = await startEdge(new OneRoom(), {
      framesPerSecond: 100_000,
      frameBurst: 100_000,
    });
    const client = await join('TCP');
    const lines = Array.from(
      { length: 200 },
      (_, index) => `{"cmd":"CHAT","id":"${index}","text":"${'ü🦉x'.repeat(1 + index)}"}\n`,
    );
    const bytes = Buffer.from(lines.join(''));
    for (let start = 0, size = 1; start < bytes.length; start += size, size = (size * 7 + 3) % 4_001) {
      client.raw(bytes.subarray(start, start + size));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await waitUntil(() => handler.commands.length === 200, { what: 'the commands' });
    expect(handler.commands.map((command) => `${JSON.stringify(command)}\n`)).toEqual(lines);
  });

  it.each([
    ['a byte that is none', Buffer.from([0xff])],
    ['an overlong slash', Buffer.from([0xc0, 0xaf])],
    ['a surrogate', Buffer.from([0xed, 0xa0, 0x80])],
    ['a character cut off', Buffer.from([0xf0, 0x9f, 0xa6])],
  ])('that are not UTF-8 (%s) are refused, in one piece and in two', async (_, wrong) => {
    const { join } = await startEdge(new OneRoom());
    const line = Buffer.concat([Buffer.from('{"cmd":"CHAT","id":"1","text":"'), wrong, Buffer.from('"}\n')]);
    const whole = await join('TCP');
    whole.raw(line);
    await expectBye(whole, 'not-utf8');
    const halved = await join('TCP');
    halved.raw(line.subarray(0, 20));
    await new Promise((resolve) => setImmediate(resolve));
    halved.raw(line.subarray(20));
    await expectBye(halved, 'not-utf8');
  });

  it('that never end are cut at the limit, and kept nowhere', async () => {
    const { join, server } = await startEdge(new OneRoom());
    const client = await join('TCP');
    for (let sent = 0; sent <= 8_192; sent += 512) client.raw('x'.repeat(512));
    await expectBye(client, 'frame-too-long');
    await untilAllGone(server);
  });

  it('of nothing cost a token like others', async () => {
    const { join } = await startEdge(new OneRoom());
    const client = await join('TCP');
    client.raw('\n'.repeat(100));
    await expectBye(client, 'flood');
  });
});

describe('a TCP socket', () => {
  it('whose client has ended its side still brings the answers', async () => {
    const { ports, server } = await startEdge(new OneRoom());
    const socket = connect({ port: ports.TCP, host: '127.0.0.1', allowHalfOpen: true }).setEncoding('utf8');
    let text = '';
    socket.on('data', (chunk: string) => (text += chunk));
    socket.end(`${RING}\n`);
    await once(socket, 'close');
    expect(text).toBe('{"cmd":"PLSAUTH"}\r\n{"cmd":"AHOY-HOY"}\r\n');
    await untilAllGone(server);
  });

  it('that is reset is gone, and nobody else notices', async () => {
    const { join, ports, errors } = await startEdge(new OneRoom());
    const other = await join('TCP');
    for (let count = 0; count < 20; count += 1) {
      const socket = connect({ port: ports.TCP, host: '127.0.0.1' });
      await once(socket, 'connect');
      socket.write(RING);
      socket.resetAndDestroy();
    }
    const client = await join('TCP');
    other.send({ cmd: 'CHAT', id: '1', text: 'hi' });
    await client.next('CHAT');
    expect(errors).toEqual([]);
  });

  it('brings the BYE also to a client that is in the midst of sending', async () => {
    const { join } = await startEdge(new OneRoom());
    const client = await join('TCP');
    client.raw('x'.repeat(3_000_000));
    await expectBye(client, 'frame-too-long');
  });
});
