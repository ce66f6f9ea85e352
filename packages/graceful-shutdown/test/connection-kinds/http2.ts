import { once } from 'node:events';
import { connect as connectHttp2, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { waitUntil } from '@silly-face/testing';
import { connectRaw } from '../raw-client.ts';
import type { TestServer } from '../server-kinds.ts';
import type { Row } from './row.ts';

export const http2Rows = (['h2c', 'h2'] as const).flatMap((server): Row[] => {
  const session = ({ port }: TestServer): ClientHttp2Session =>
    connectHttp2(`${server === 'h2' ? 'https' : 'http'}://127.0.0.1:${port}`, { rejectUnauthorized: false });
  const goaways = (client: ClientHttp2Session): number[] => {
    const lastStreams: number[] = [];
    client.on('goaway', (_code, lastStream) => lastStreams.push(lastStream));
    return lastStreams;
  };
  const request = (client: ClientHttp2Session, path: string): (() => string) =>
    read(client.request({ ':path': path }));
  const read = (stream: ClientHttp2Stream): (() => string) => {
    let received = '';
    stream.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
    stream.on('error', (error) => (received += `error ${error.message}`));
    return () => received;
  };
  return [
    {
      kind: 'streams in flight',
      server,
      async open(test) {
        const client = session(test);
        const seen = goaways(client);
        client.on('error', () => {});
        const bodies = [request(client, '/one'), request(client, '/two')];
        await waitUntil(() => test.arrived() === 2, { what: 'two streams to arrive' });
        const ended = once(client, 'close').then(
          () => `${bodies.map((body) => body()).join(' ')} ${seen.join(' ')}`,
        );
        const meanwhile = async (): Promise<void> =>
          void (await waitUntil(() => seen.length > 0, { what: 'the GOAWAY' }));
        return { meanwhile, ended };
      },
      // The GOAWAY names the last stream, so that a client knows which ones were not taken.
      answer: /^answer to \/one answer to \/two 3/,
      cut: { http2Sessions: 1 },
    },
    {
      kind: 'streams in flight on several sessions',
      server,
      async open(test) {
        const clients = [session(test), session(test), session(test)];
        const bodies = clients.flatMap((client) => [request(client, '/one'), request(client, '/two')]);
        await waitUntil(() => test.arrived() === 6, { what: 'six streams to arrive' });
        const ended = Promise.all(clients.map((client) => once(client, 'close')));
        return { ended: ended.then(() => bodies.map((body) => body()).join(' ')) };
      },
      answer: /^(answer to \/one answer to \/two ?){3}$/,
      cut: { http2Sessions: 3 },
    },
    {
      kind: 'half-sent body',
      server,
      async open(test) {
        const client = session(test);
        const stream = client.request({ ':method': 'POST', ':path': '/upload' });
        const body = read(stream);
        stream.write('hello');
        await waitUntil(() => test.arrived() === 1, { what: 'the stream to arrive' });
        const meanwhile = async (): Promise<void> => void stream.end('hello');
        return { meanwhile, ended: once(client, 'close').then(body) };
      },
      answer: /^answer to \/upload$/,
      cut: { http2Sessions: 1 },
    },
    {
      kind: 'server-sent events',
      server,
      async open(test) {
        const client = session(test);
        const body = request(client, '/events');
        await waitUntil(() => body().includes('hello'), { what: 'the first event' });
        return { ended: once(client, 'close').then(body) };
      },
      answer: /^data: hello\s+data: bye\s+$/,
    },
    {
      kind: 'extended CONNECT',
      server,
      async open(test) {
        const client = session(test);
        await once(client, 'remoteSettings');
        const stream = client.request({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/' });
        const body = read(stream);
        await waitUntil(() => body() !== '', { what: 'the tunnel' });
        stream.once('end', () => stream.end());
        return { ended: once(client, 'close').then(body) };
      },
      answer: /^hello, bye$/,
    },
    {
      kind: 'idle session',
      server,
      async open(test) {
        const client = session(test);
        const seen = goaways(client);
        const body = request(client, '/at-once');
        await waitUntil(() => body() === 'at once', { what: 'the first answer' });
        return { ended: once(client, 'close').then(() => `${body()} ${seen.join(' ')}`) };
      },
      answer: /^at once 1/,
    },
    { kind: 'silent', server, open: ({ port }) => connectRaw(port, server === 'h2'), answer: /^[^]*$/ },
  ];
});
