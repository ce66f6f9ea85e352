import { waitUntil } from '@silly-face/testing';
import { connectRaw, get } from '../raw-client.ts';
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
  {
    kind: 'upgraded',
    server: 'http',
    async open(test) {
      const client = await connectRaw(test.port);
      client.send('GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n');
      await client.hears('101');
      return client;
    },
    answer: /101 Switching[^]*bye$/,
  },
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
  ...(['https', 'h2', 'tls'] as const).map((server): Row => ({
    kind: 'handshake never begun',
    server,
    open: ({ port }) => connectRaw(port),
    answer: /^$/,
  })),
];
