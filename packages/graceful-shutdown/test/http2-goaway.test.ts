// A client that writes its own frames: libraries do not let a test decide in which order they answer.
import { once } from 'node:events';
import { createServer } from 'node:http2';
import { connect, type AddressInfo } from 'node:net';
import { waitUntil } from '@silly-face/testing';
import { gracefulShutdown } from '@silly-face/graceful-shutdown';
import { expect, it } from 'vitest';

const TYPE = { data: 0, headers: 1, settings: 4, ping: 6, goaway: 7 } as const;
const ACK = 1;
const END_STREAM_AND_HEADERS = 5;
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
/** GET, http and / from HPACK's static table, then the authority `t` as a literal. */
const GET_ROOT = Buffer.from([0x82, 0x86, 0x84, 0x41, 0x01, 0x74]);

interface Frame {
  type: number;
  flags: number;
  stream: number;
  payload: Buffer;
}

function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function takeFrames(bytes: Buffer): { frames: Frame[]; rest: Buffer } {
  const frames: Frame[] = [];
  let rest = bytes;
  while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
    const end = 9 + rest.readUIntBE(0, 3);
    frames.push({
      type: rest.readUInt8(3),
      flags: rest.readUInt8(4),
      stream: rest.readUInt32BE(5),
      payload: rest.subarray(9, end),
    });
    rest = rest.subarray(end);
  }
  return { frames, rest };
}

interface FrameClient {
  received: Frame[];
  open(stream: number): void;
  ping(): void;
  body(stream: number): string;
  lastStreams(): number[];
  ended: Promise<unknown>;
}

function connectFrames(port: number, onFrame: (frame: Frame, client: FrameClient) => void): FrameClient {
  const socket = connect(port, '127.0.0.1');
  const received: Frame[] = [];
  const of = (type: number): Frame[] => received.filter((frame) => frame.type === type);
  const client: FrameClient = {
    received,
    open: (stream) => void socket.write(frame(TYPE.headers, END_STREAM_AND_HEADERS, stream, GET_ROOT)),
    ping: () => void socket.write(frame(TYPE.ping, 0, 0, Buffer.alloc(8))),
    body: (stream) =>
      Buffer.concat(
        of(TYPE.data)
          .filter((data) => data.stream === stream)
          .map(({ payload }) => payload),
      ).toString(),
    lastStreams: () => of(TYPE.goaway).map(({ payload }) => payload.readUInt32BE(0)),
    ended: once(socket, 'close'),
  };
  let buffered = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    const { frames, rest } = takeFrames(Buffer.concat([buffered, chunk]));
    buffered = Buffer.from(rest);
    for (const got of frames) {
      received.push(got);
      if (got.type === TYPE.settings && got.flags !== ACK) socket.write(frame(TYPE.settings, ACK, 0));
      if (got.type === TYPE.ping && got.flags !== ACK) socket.write(frame(TYPE.ping, ACK, 0, got.payload));
      onFrame(got, client);
    }
  });
  socket.write(Buffer.concat([Buffer.from(PREFACE), frame(TYPE.settings, 0, 0)]));
  return client;
}

it('a stream that comes after the GOAWAY is above the last one it names, and those below are answered', async () => {
  const waiting: (() => void)[] = [];
  const server = createServer((_request, response) => waiting.push(() => response.end('answered')));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const handle = gracefulShutdown({ servers: [server], signals: [], handleCrashes: false });
  const client = connectFrames((server.address() as AddressInfo).port, ({ type }, self) => {
    if (type !== TYPE.goaway || self.lastStreams().length > 1) return;
    self.open(3);
    // The answer to a PING behind it: the late stream has been read by then.
    self.ping();
  });
  client.open(1);
  await waitUntil(() => waiting.length === 1, { what: 'the first stream' });
  const report = handle.shutdown();
  await waitUntil(() => client.received.some(({ type, flags }) => type === TYPE.ping && flags === ACK), {
    what: 'the PING',
  });
  expect(waiting.length).toBe(1);
  for (const answer of waiting) answer();
  await client.ended;
  expect(client.lastStreams()[0]).toBe(1);
  expect([client.body(1), client.body(3)]).toEqual(['answered', '']);
  expect(await report).toMatchObject({ clean: true });
});

it('streams that were on their way when the signal came are taken and answered', async () => {
  const server = createServer((request, response) =>
    request.resume().on('end', () => response.end('answered')),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const handle = gracefulShutdown({
    servers: [server],
    signals: [],
    handleCrashes: false,
    idleGraceMs: 1_000,
  });
  const client = connectFrames((server.address() as AddressInfo).port, () => {});
  client.open(1);
  await waitUntil(() => client.body(1) === 'answered', { what: 'the first answer' });
  const report = handle.shutdown();
  await once(handle.signal, 'abort');
  for (const stream of [3, 5, 7]) client.open(stream);
  await client.ended;
  expect([3, 5, 7].map((stream) => client.body(stream))).toEqual(['answered', 'answered', 'answered']);
  expect(client.lastStreams()[0]).toBe(7);
  expect(await report).toMatchObject({ clean: true });
});
