import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { withoutSilence } from '../../src/photo/silence.ts';

const LIMIT_MS = 200;

it('passes on what comes in time', async () => {
  const parts = ['one', 'two', 'three'];
  expect((await buffer(withoutSilence(Readable.from(parts), LIMIT_MS))).toString()).toBe(parts.join(''));
});

it('fails when nothing comes, and gives up the source', async () => {
  const source = new PassThrough();
  source.write('one');
  await expect(buffer(withoutSilence(source, LIMIT_MS))).rejects.toThrow('Nothing came for 200 ms');
  expect(source.destroyed).toBe(true);
});

it('gives a reader all the time', async () => {
  const photo = Buffer.alloc(1_000_000, 'x');
  const source = new PassThrough();
  source.end(photo);
  const read: Buffer[] = [];
  for await (const chunk of withoutSilence(source, LIMIT_MS) as AsyncIterable<Buffer>) {
    if (read.length === 0) await sleep(2 * LIMIT_MS);
    read.push(chunk);
  }
  expect(Buffer.concat(read).equals(photo)).toBe(true);
});

it('gives up the source when its reader goes away', async () => {
  const source = new PassThrough();
  source.write('one');
  const read = withoutSilence(source, LIMIT_MS);
  for await (const _ of read) break;
  expect(source.destroyed).toBe(true);
});
