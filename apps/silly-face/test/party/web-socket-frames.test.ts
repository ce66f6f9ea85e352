import { once } from 'node:events';
import { connect } from 'node:net';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as ws from 'ws';
import { OneRoom, startEdge, untilAllGone, UPGRADE } from './edge-rig.ts';

/** Exported, and not among its types. */
const { Receiver } = ws as unknown as { Receiver: new (options: object) => Writable };

interface Part {
  readonly first: number;
  readonly payload: Uint8Array;
  readonly mask: Uint8Array;
  /** 0: the shortest that holds it. */
  readonly lengthBytes: number;
}

function bytesOf({ first, payload, mask, lengthBytes }: Part): Buffer {
  const bytes = lengthBytes || (payload.length < 126 ? 0 : 2);
  const head = Buffer.alloc(2 + bytes);
  head[0] = first;
  head[1] = 0x80 | (bytes === 0 ? payload.length : bytes === 2 ? 126 : 127);
  if (bytes === 2) head.writeUInt16BE(payload.length, 2);
  if (bytes === 8) head.writeBigUInt64BE(BigInt(payload.length), 2);
  const masked = payload.map((byte, index) => byte ^ (mask[index % 4] as number));
  return Buffer.concat([head, mask, masked]);
}

const mask = fc.uint8Array({ minLength: 4, maxLength: 4 });
const lengthBytes = fc.constantFrom(0, 0, 0, 0, 2, 8);
const RING = Buffer.from('{"cmd":"RING"}');
const payload = fc.oneof(
  fc.uint8Array({ maxLength: 140 }),
  fc.string({ unit: 'binary', maxLength: 50 }).map((text) => Buffer.from(text)),
  fc.constantFrom(
    RING,
    Buffer.alloc(0),
    Buffer.from([3, 232]),
    Buffer.from([3, 237]),
    Buffer.alloc(400, 'x'),
  ),
);
const frame = (first: fc.Arbitrary<number>, of = payload): fc.Arbitrary<Buffer> =>
  fc.record({ first, payload: of, mask, lengthBytes }).map(bytesOf);
const ring = frame(fc.constant(0x81), fc.constant(RING));
/** In two frames, with a ping or nothing between them. */
const parts = fc
  .tuple(fc.nat(RING.length), fc.boolean(), mask)
  .map(([at, isPinged, key]) =>
    Buffer.concat([
      bytesOf({ first: 0x01, payload: RING.subarray(0, at), mask: key, lengthBytes: 0 }),
      ...(isPinged ? [bytesOf({ first: 0x89, payload: key, mask: key, lengthBytes: 0 })] : []),
      bytesOf({ first: 0x80, payload: RING.subarray(at), mask: key, lengthBytes: 0 }),
    ]),
  );
const piece = fc.oneof(
  { weight: 6, arbitrary: ring },
  { weight: 3, arbitrary: parts },
  { weight: 2, arbitrary: frame(fc.constantFrom(0x89, 0x8a)) },
  { weight: 1, arbitrary: frame(fc.constantFrom(0x88, 0x01, 0x80, 0x81, 0x82, 0x00)) },
  { weight: 1, arbitrary: frame(fc.nat(255)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)) },
);
const stream = fc.record({
  bytes: fc.array(piece, { maxLength: 8 }).map((all) => Buffer.concat(all)),
  cuts: fc.array(fc.nat(400), { maxLength: 6 }),
});

const FRAME_BYTES = 300;

interface Answer {
  /** Written at once, and so before messages that came before them. */
  readonly pongs: string[];
  /** Texts, and the payload of the close frame; of a BYE and what follows it the code. */
  readonly frames: string[];
}

/** What a server has to answer, by the receiver of the library that others use. Nothing follows the end. */
async function expectedAnswer(bytes: Buffer): Promise<Answer> {
  const pongs: string[] = [];
  const frames = [PLSAUTH];
  const receiver = new Receiver({ isServer: true, maxPayload: FRAME_BYTES, maxFragments: 64 });
  let isOver = false;
  const end = (last: string): void => {
    if (!isOver) frames.push(last);
    isOver = true;
  };
  receiver.on('ping', (data: Buffer) => isOver || pongs.push(data.toString('latin1')));
  receiver.on('conclude', (code: number, reason: Buffer) =>
    end(code === 1005 ? 'close ' : `close ${code} ${reason.toString('latin1')}`),
  );
  receiver.on('message', (data: Buffer, isBinary: boolean) => {
    if (isOver) return;
    if (isBinary) end('BYE binary');
    else if (data.equals(RING)) frames.push('{"cmd":"AHOY-HOY"}');
    else if (data.length > 0) end('BYE refused');
  });
  receiver.on('error', ({ code }: Error & { code: string }) => {
    if (code.startsWith('WS_ERR_UNSUPPORTED')) end('BYE frame-too-long');
    else end(code === 'WS_ERR_INVALID_UTF8' ? 'BYE not-utf8' : 'BYE bad-web-socket');
  });
  receiver.end(bytes);
  await finished(receiver).catch(() => {}); // It was heard above.
  // The client has ended.
  end('close ');
  return { pongs, frames };
}

const PLSAUTH = '{"cmd":"PLSAUTH"}';

/** All that comes until the end. */
async function answerTo(port: number, bytes: Buffer, cuts: readonly number[]): Promise<Answer> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  socket.on('error', () => {}); // It may be reset when it writes behind the end; what came before counts.
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.write(UPGRADE);
  await once(socket, 'data');
  let start = 0;
  for (const cut of cuts.toSorted((one, other) => one - other)) {
    await new Promise((resolve) => socket.write(bytes.subarray(start, cut), resolve));
    start = Math.max(start, cut);
  }
  socket.end(bytes.subarray(start));
  if (!socket.closed) await once(socket, 'close');
  const all = Buffer.concat(chunks);
  return read(all.subarray(all.indexOf('\r\n\r\n') + 4));
}

function read(answer: Buffer): Answer {
  const pongs: string[] = [];
  const frames: string[] = [];
  for (let start = 0; start < answer.length;) {
    const isLong = answer[start + 1] === 126;
    const head = start + (isLong ? 4 : 2);
    const end = head + (isLong ? answer.readUInt16BE(start + 2) : (answer[start + 1] as number));
    const payload = answer.subarray(head, end);
    const content = payload.toString('latin1');
    const bye = /^\{"cmd":"BYE","code":"(?<code>[^"]*)"/.exec(content)?.groups?.code;
    if (answer[start] === 0x8a) pongs.push(content);
    else if (answer[start] === 0x81 && bye === undefined) frames.push(content);
    else if (bye !== undefined)
      return { pongs, frames: [...frames, `BYE ${OF_JSON.has(bye) ? 'refused' : bye}`] };
    else frames.push(`close ${payload.length === 0 ? '' : `${payload.readUInt16BE()} ${content.slice(2)}`}`);
    start = end;
  }
  return { pongs, frames };
}

const OF_JSON = new Set(['not-json', 'bad-frame', 'unknown-cmd']);

describe('the frames of WebSockets', () => {
  it(
    'are read as another receiver reads them, whole or broken, and wherever they are cut',
    { timeout: 60_000 },
    async () => {
      const { ports, server, errors } = await startEdge(new OneRoom(), {
        frameBytes: FRAME_BYTES,
        framesPerSecond: 1e6,
        frameBurst: 1e6,
        closeTimeoutMs: 30_000,
      });
      const compare = async ({ bytes, cuts }: { bytes: Buffer; cuts: number[] }): Promise<void> => {
        const expected = await expectedAnswer(Buffer.from(bytes));
        expect(await answerTo(ports.WebSocket, bytes, cuts), bytes.toString('hex')).toEqual(expected);
      };
      const samples = fc.sample(stream, 2000);
      const worker = async (): Promise<void> => {
        for (let next = samples.pop(); next; next = samples.pop()) await compare(next);
      };
      await Promise.all(Array.from({ length: 16 }, worker));
      expect(errors).toEqual([]);
      await untilAllGone(server);
    },
  );
});
