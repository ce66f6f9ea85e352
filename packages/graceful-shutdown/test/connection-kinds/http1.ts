import { waitUntil } from '@silly-face/testing';
import { connectRaw, get, type RawClient } from '../raw-client.ts';
import type { TestServer } from '../server-kinds.ts';
import type { Row } from './row.ts';

export const http1Rows = (['http', 'https', 'unix'] as const).flatMap((server): Row[] => {
  const raw = ({ port, path }: TestServer): Promise<RawClient> =>
    connectRaw(path ?? port, server === 'https');
  const inFlight = async (test: TestServer, bytes: string, requests = 1): Promise<RawClient> => {
    const client = await raw(test);
    client.send(bytes);
    await waitUntil(() => test.arrived() === requests, { what: `${requests} requests to arrive` });
    return client;
  };
  return [
    {
      kind: 'idle keep-alive',
      server,
      async open(test) {
        const client = await inFlight(test, get('/at-once'));
        await client.hears('at once');
        return client;
      },
      answer: /^Connection: keep-alive\r$[^]*at once/m,
    },
    {
      kind: 'idle keep-alive, on which one more request was on its way',
      patient: true,
      server,
      async open(test) {
        const client = await inFlight(test, get('/at-once'));
        await client.hears('at once');
        return { ...client, meanwhile: () => sendLate(test, client, get('/late')) };
      },
      answer: /Connection: close\r\n[^]*answer to \/late/,
    },
    {
      kind: 'in flight',
      server,
      open: (test) => inFlight(test, get('/one')),
      answer: /Connection: close\r\n[^]*answer to \/one/,
      cut: { requests: 1 },
    },
    {
      kind: 'in flight, its head already written',
      server,
      async open(test) {
        const client = await inFlight(test, get('/half-answered'));
        await client.hears('first half');
        return client;
      },
      answer: /first half, [^]*more, [^]*second half/,
      cut: { requests: 1 },
    },
    {
      kind: 'in flight, its head already written; one more request comes right behind its answer',
      patient: true,
      server,
      async open(test) {
        const client = await inFlight(test, get('/half-answered'));
        await client.hears('first half');
        const afterwards = async (): Promise<void> => {
          await client.hears('second half');
          await sendLate(test, client, get('/again'));
        };
        return { ...client, afterwards };
      },
      answer: /Connection: keep-alive\r\n[^]*second half[^]*Connection: close\r\n[^]*answer to \/again/,
    },
    {
      kind: 'in flight, its client does not read',
      server,
      async open(test) {
        const client = await raw(test);
        client.stopReading();
        client.send(get('/large'));
        await waitUntil(() => test.arrived() === 1, { what: 'the request to arrive' });
        return { ...client, meanwhile: async () => client.read() };
      },
      answer: /x is large$/,
      cut: { requests: 1 },
    },
    {
      kind: 'long poll',
      server,
      open: (test) => inFlight(test, get('/poll')),
      answer: /Connection: close\r\n[^]*nothing new/,
    },
    {
      kind: 'three pipelined',
      server,
      open: (test) => inFlight(test, get('/one') + get('/two') + get('/three'), 3),
      answer: /to \/one[^]*to \/two[^]*to \/three/,
      cut: { requests: 1 },
    },
    {
      kind: 'three pipelined, the head of the first already written',
      server,
      async open(test) {
        const client = await inFlight(test, get('/half-answered') + get('/two') + get('/three'), 3);
        await client.hears('first half');
        return client;
      },
      answer: /second half[^]*to \/two[^]*to \/three/,
      cut: { requests: 1 },
    },
    {
      kind: 'in flight, a pipelined one behind it comes during the drain',
      server,
      async open(test) {
        const client = await inFlight(test, get('/one'));
        return { ...client, meanwhile: () => sendLate(test, client, get('/two')) };
      },
      answer: /Connection: keep-alive\r\n[^]*to \/one[^]*Connection: close\r\n[^]*to \/two/,
      cut: { requests: 1 },
    },
    { kind: 'silent', server, open: raw, answer: /^$/ },
    {
      kind: 'half-sent head',
      server,
      async open(test) {
        const client = await raw(test);
        client.send('GET / HTTP/1.1\r\nHos');
        return client;
      },
      answer: /^$/,
    },
    {
      kind: 'half-sent head, completed during the drain',
      patient: true,
      server,
      async open(test) {
        const client = await raw(test);
        client.send('GET /completed HTTP/1.1\r\nHos');
        return { ...client, meanwhile: () => sendLate(test, client, 't: test\r\n\r\n') };
      },
      answer: /Connection: close\r\n[^]*answer to \/completed/,
    },
    {
      kind: 'half-sent body, completed during the drain',
      server,
      async open(test) {
        const client = await inFlight(
          test,
          'POST /upload HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nhello',
        );
        return { ...client, meanwhile: async () => client.send('hello') };
      },
      answer: /Connection: close\r\n[^]*answer to \/upload/,
      cut: { requests: 1 },
    },
    {
      kind: 'body that never completes',
      stuck: true,
      server,
      open: (test) => inFlight(test, 'POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nhello'),
      answer: /^$/,
      cut: { requests: 1 },
    },
    {
      kind: 'waiting for 100 Continue',
      server,
      async open(test) {
        const head =
          'POST /expected HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n';
        const client = await inFlight(test, head);
        await client.hears('100 Continue');
        return { ...client, meanwhile: async () => client.send('hello') };
      },
      answer: /100 Continue[^]*Connection: close\r\n[^]*answer to \/expected/,
      cut: { requests: 1 },
    },
    {
      kind: 'server-sent events',
      server,
      async open(test) {
        const client = await inFlight(test, get('/events'));
        await client.hears('hello');
        return client;
      },
      answer: /data: hello[^]*data: bye/,
    },
  ];
});

async function sendLate(test: TestServer, client: RawClient, bytes: string): Promise<void> {
  const before = test.arrived();
  client.send(bytes);
  await waitUntil(() => test.arrived() === before + 1, { what: 'the late request to arrive' });
}
