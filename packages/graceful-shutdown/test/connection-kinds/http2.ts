import { once } from 'node:events';
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
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
  const request = (client: ClientHttp2Session, path: string): (() => string) => {
    let received = '';
    const stream = client.request({ ':path': path });
    stream.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
    stream.on('error', (error) => (received += `error ${error.message}`));
    return () => received;
  };
  return [
    {
      kind: 'streams in flight',
      patient: true,
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
