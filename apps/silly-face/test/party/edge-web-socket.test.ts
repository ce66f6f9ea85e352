import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { waitUntil } from '@silly-face/testing';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { expectBye, OneRoom, startEdge, untilAllGone } from './edge-rig.ts';

/** The whole answer to these bytes, until the server ends. */
async function answerTo(port: number, bytes: string | Buffer): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' }).setEncoding('latin1');
  let text = '';
  socket.on('data', (chunk: string) => (text += chunk));
  socket.write(bytes);
  await once(socket, 'close');
  return text;
}

const UPGRADE = [
  'GET /party HTTP/1.1',
  'Host: silly',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  '',
  '',
].join('\r\n');

describe('a WebSocket', () => {
  it('with a binary message gets BYE binary and close code 1003', async () => {
    const { join } = await startEdge(new OneRoom());
    const client = await join('WebSocket');
    client.raw(Buffer.from('{"cmd":"RING"}'));
    expect(await expectBye(client, 'binary')).toBe(1003);
  });

  it('with a message far beyond the limit gets BYE and close code 1009 before all of it has come', async () => {
    const { join } = await startEdge(new OneRoom());
    const client = await join('WebSocket');
    client.raw('x'.repeat(5_000_000));
    expect(await expectBye(client, 'frame-too-long')).toBe(1009);
  });

  it.each([
    ['not-utf8', 1007, [0x81, 0x81, 0, 0, 0, 0, 0xff]],
    ['bad-web-socket', 1002, [0x81, 0x01, 0x7b]],
    ['bad-web-socket', 1002, [0xf1, 0x80, 0, 0, 0, 0]],
  ])('with bytes that the standard forbids gets BYE %s and close code %i', async (code, closeCode, bytes) => {
    const { ports, server } = await startEdge(new OneRoom());
    const answer = await answerTo(ports.WebSocket, Buffer.concat([Buffer.from(UPGRADE), Buffer.from(bytes)]));
    expect(answer).toContain(`"cmd":"BYE","code":"${code}"`);
    expect(
      answer.endsWith(
        `${String.fromCharCode(0x88, 2 + code.length, closeCode >> 8, closeCode & 255)}${code}`,
      ),
    ).toBe(true);
    await untilAllGone(server);
  });

  it('of frames whose lengths need 7, 16 and 64 bits brings them whole', async () => {
    class Loud extends OneRoom {}
    const { join } = await startEdge(new Loud(), { frameBytes: 100_000 });
    const client = await join('WebSocket');
    for (const length of [1, 30, 60, 200, 1_000]) {
      client.send({ cmd: 'CHAT', id: `${length}`, text: '🦉'.repeat(length / 2) || 'x' });
      expect(await client.next('CHAT')).toMatchObject({
        id: `${length}`,
        text: '🦉'.repeat(length / 2) || 'x',
      });
    }
  });

  it('may be pinged and ping as the standard has it, within the flood limit', async () => {
    const { join, ports, server } = await startEdge(new OneRoom());
    await join('WebSocket');
    const webSocket = new WebSocket(`ws://127.0.0.1:${ports.WebSocket}`);
    await once(webSocket, 'open');
    webSocket.ping('owl');
    expect(String((await once(webSocket, 'pong'))[0])).toBe('owl');
    for (let count = 0; count < 50; count += 1) webSocket.ping();
    const [closeCode] = await once(webSocket, 'close');
    expect(closeCode).toBe(1008);
    expect(server.counts.byes).toEqual({ flood: 1 });
  });

  it('that is pinged and never read is too-slow', async () => {
    const limits = { unsentBytes: 100_000, framesPerSecond: 1e6, frameBurst: 1e6, closeTimeoutMs: 200 };
    const { ports, server } = await startEdge(new OneRoom(), limits);
    const socket = connect({ port: ports.WebSocket, host: '127.0.0.1' });
    socket.on('error', () => {}); // It is cut off at last.
    socket.write(UPGRADE);
    const ping = Buffer.concat([Buffer.from([0x89, 0xfd, 0, 0, 0, 0]), Buffer.alloc(125)]);
    const pings = Buffer.concat(Array.from({ length: 1_000 }, () => ping));
    // What the kernel holds back for both sides goes first.
    for (let count = 0; count < 400 && server.counts.byes['too-slow'] === undefined; count += 1) {
      socket.write(pings);
      await setImmediate();
    }
    await waitUntil(() => server.counts.byes['too-slow'] === 1, { what: 'the BYE' });
    await untilAllGone(server);
    expect(server.counts.byes).toEqual({ 'too-slow': 1 });
    socket.destroy();
  });

  it('that its client closes is closed with the same code', async () => {
    const { join, ports, server } = await startEdge(new OneRoom());
    expect(await (await join('WebSocket')).end()).toBe(1005);
    const webSocket = new WebSocket(`ws://127.0.0.1:${ports.WebSocket}`);
    await once(webSocket, 'open');
    webSocket.close(4_321, 'bored');
    expect(String(await once(webSocket, 'close'))).toBe('4321,bored');
    await untilAllGone(server);
    expect(server.counts.byes).toEqual({});
  });

  it('from a page of another origin is refused, from ours or from no page it is not', async () => {
    const { ports, server } = await startEdge(new OneRoom(), {}, ['https://silly.example']);
    const url = `ws://127.0.0.1:${ports.WebSocket}`;
    const [error] = await once(new WebSocket(url, { origin: 'https://evil.example' }), 'error');
    expect(String(error)).toContain('403');
    for (const options of [{ origin: 'https://silly.example' }, {}]) {
      const webSocket = new WebSocket(url, options);
      await once(webSocket, 'open');
      webSocket.terminate();
    }
    await untilAllGone(server);
  });

  it('is not compressed, even if the client would like it', async () => {
    const { ports } = await startEdge(new OneRoom());
    const webSocket = new WebSocket(`ws://127.0.0.1:${ports.WebSocket}`, { perMessageDeflate: true });
    await once(webSocket, 'open');
    expect(webSocket.extensions).toBe('');
    webSocket.terminate();
  });
});

describe('the HTTP server for WebSockets', () => {
  it('answers a plain request with 426 and ends', async () => {
    const { ports } = await startEdge(new OneRoom());
    expect(await answerTo(ports.WebSocket, 'GET / HTTP/1.1\r\nHost: silly\r\n\r\n')).toMatch(
      /^HTTP\/1.1 426 /,
    );
  });

  it('answers what is no HTTP, and no good upgrade, with 400', async () => {
    const { ports } = await startEdge(new OneRoom());
    expect(await answerTo(ports.WebSocket, '{"cmd":"RING"}\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /);
    expect(await answerTo(ports.WebSocket, UPGRADE.replace('dGhl', ''))).toMatch(/^HTTP\/1.1 400 /);
  });

  it('ends who connects and asks for nothing', async () => {
    const { ports, server } = await startEdge(new OneRoom(), { authTimeoutMs: 300 });
    expect(await answerTo(ports.WebSocket, 'GET / HT')).not.toContain('200');
    expect(await answerTo(ports.WebSocket, '')).not.toContain('200');
    const count = async (): Promise<number> =>
      new Promise((resolve, reject) => {
        server.webSocket.getConnections((error, connections) =>
          error ? reject(error) : resolve(connections),
        );
      });
    await waitUntil(async () => (await count()) === 0, { what: 'no connection' });
  });

  it('does not wait for who has not asked yet when it closes', async () => {
    const { ports, server } = await startEdge(new OneRoom());
    const socket = connect({ port: ports.WebSocket, host: '127.0.0.1' });
    socket.on('error', () => {}); // It may be reset.
    await once(socket, 'connect');
    const gone = once(socket, 'close');
    await server.close();
    socket.resume();
    await gone;
    expect(server.webSocket.listening).toBe(false);
  });
});
