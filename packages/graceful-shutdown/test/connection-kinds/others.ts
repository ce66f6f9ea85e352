import { once } from 'node:events';
import { connect } from 'node:net';
import { waitUntil } from '@silly-face/testing';
import { WebSocket } from 'ws';
import { connectRaw, get, shakeHands } from '../raw-client.ts';
import type { Row } from './row.ts';

export const otherRows: Row[] = [
  {
    kind: 'HTTP/1 in flight',
    server: 'h2',
    async open(test) {
      const client = await connectRaw(test.port, true);
      client.send(get('/one'));
      await waitUntil(() => test.arrived() === 1, { what: 'the request to arrive' });
      return client;
    },
    answer: /Connection: close\r\n[^]*answer to \/one/,
    cut: { requests: 1 },
  },
  ...(['http', 'https'] as const).flatMap((server): Row[] => [
    {
      kind: 'upgraded',
      server,
      async open(test) {
        const client = await connectRaw(test.port, server === 'https');
        client.send('GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n');
        await client.hears('101');
        return client;
      },
      answer: /101 Switching[^]*bye$/,
    },
    {
      kind: 'CONNECT tunnel',
      server,
      async open(test) {
        const client = await connectRaw(test.port, server === 'https');
        client.send('CONNECT elsewhere:1 HTTP/1.1\r\nHost: elsewhere:1\r\n\r\n');
        await client.hears('Established');
        return client;
      },
      answer: /200 Connection Established[^]*bye$/,
    },
  ]),
  ...(['ws', 'wss'] as const).flatMap((server): Row[] => [
    {
      kind: 'WebSocket',
      server,
      async open(test) {
        const client = new WebSocket(`${server}://127.0.0.1:${test.port}`, { rejectUnauthorized: false });
        await once(client, 'open');
        return { ended: once(client, 'close').then(([code, reason]) => `${code} ${reason}`) };
      },
      answer: /^1001 going away$/,
    },
    {
      kind: 'WebSocket that does not answer the close',
      stuck: true,
      server,
      async open(test) {
        const client = await connectRaw(test.port, server === 'wss');
        client.send(
          'GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
            'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
        );
        await client.hears('101');
        return client;
      },
      answer: /101 Switching/,
      cut: { upgraded: 1 },
    },
  ]),
  {
    kind: 'raw',
    server: 'net',
    async open({ port }) {
      const client = await connectRaw(port);
      await client.hears('hello');
      return client;
    },
    answer: /^hello, bye$/,
  },
  {
    kind: 'raw',
    server: 'tls',
    async open({ port }) {
      const client = await connectRaw(port, true);
      await client.hears('hello');
      return client;
    },
    answer: /^hello, bye$/,
  },
  ...(['https', 'h2'] as const).map((server): Row => ({
    kind: 'handshake, completed during the drain',
    patient: true,
    server,
    async open(test) {
      const socket = connect(test.port, '127.0.0.1');
      await once(socket, 'connect');
      let received: Promise<string> | undefined;
      const meanwhile = async (): Promise<void> => {
        const client = await shakeHands(socket);
        received = client.ended;
        client.send(get('/late'));
        await waitUntil(() => test.arrived() === 1, { what: 'the request to arrive' });
      };
      return { meanwhile, ended: once(socket, 'close').then(() => received ?? '') };
    },
    answer: /Connection: close\r\n[^]*answer to \/late/,
  })),
  ...(['https', 'h2', 'tls'] as const).map((server): Row => ({
    kind: 'handshake never begun',
    server,
    open: ({ port }) => connectRaw(port),
    answer: /^$/,
  })),
];
