import { writeFile } from 'node:fs/promises';
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import type { ManyProgress, PutItem, PutManyOptions, PutResult } from '@silly-face/s3-put';
import { openDescriptors, waitUntil } from '@silly-face/testing';
import { expect, test } from 'vitest';
import { localS3 } from './support/s3-local.ts';
import { answerAfterBody, s3Error, scripted, store } from './support/scripted-server.ts';
import { failureOf, MiB, s3Put, someBytes, temporaryFile } from './support/uploads.ts';

test('Files and bytes are stored, each with headers of its own, and the summary counts them', async () => {
  const s3 = await localS3();
  const filePath = await temporaryFile('meow', 'cat.txt');
  const summary = await s3Put(s3.endpoint).putMany([
    { filePath, key: 'cat' },
    { filePath, key: 'kept', headers: { 'cache-control': 'max-age=60' } },
    { bytes: Buffer.from('woof!'), key: 'dog' },
  ]);
  expect(summary).toEqual({
    stored: 3,
    failed: 0,
    bytes: 13,
    durationMs: expect.any(Number),
    failures: [],
    notTried: [],
    stoppedBy: undefined,
  });
  expect(await s3.head('kept')).toMatchObject({ CacheControl: 'max-age=60', ContentType: 'text/plain' });
  expect((await s3.content('dog')).toString()).toBe('woof!');
});

test('One that fails stops none of the others, and what failed can be put again as it is', async () => {
  const s3 = await localS3();
  const good = await temporaryFile('meow');
  const late = `${good}.late`;
  const items = [
    { filePath: late, key: 'late', id: 1 },
    ...Array.from({ length: 20 }, (_, index) => ({ filePath: good, key: `good-${index}`, id: index })),
    { filePath: good, key: '', id: 98 },
    { filePath: good, bytes: Buffer.from('both'), key: 'both', id: 99 },
    { key: 'neither', id: 97 },
  ];
  const uploads = s3Put(s3.endpoint);
  const summary = await uploads.putMany(items as (PutItem & { id: number })[]);
  expect(summary).toMatchObject({ stored: 20, failed: 4, bytes: 80, notTried: [], stoppedBy: undefined });
  const codes = summary.failures.map(({ item, error }) => `${item.id} ${error.code}`);
  expect(codes.toSorted()).toEqual(['1 EFILENOTFOUND', '97 EINVALID', '98 EINVALID', '99 EINVALID']);
  await writeFile(late, 'late');
  const again = summary.failures.filter(({ error }) => error.code === 'EFILENOTFOUND');
  expect(await uploads.putMany(again.map(({ item }) => item))).toMatchObject({ stored: 1, failed: 0 });
  expect((await s3.content('late')).toString()).toBe('late');
});

test('Nothing to store is a summary of nothing', async () => {
  expect(await s3Put('http://127.0.0.1:1').putMany([])).toMatchObject({ stored: 0, failed: 0, bytes: 0 });
});

test('No more are under way than allowed, and an iterable is not asked for more than that', async () => {
  let asked = 0;
  let answered = 0;
  const ahead: number[] = [];
  const storing = store();
  const server = await scripted(async (...scene) => {
    ahead.push(asked - answered);
    await storing(...scene);
    answered += 1;
  });
  const filePath = await temporaryFile('small');
  async function* items(): AsyncGenerator<PutItem> {
    for (let index = 0; index < 30; index += 1) {
      asked += 1;
      yield { filePath, key: `key-${index}` };
    }
  }
  const before = openDescriptors();
  const open: number[] = [];
  const summary = await s3Put(server.endpoint).putMany(items(), {
    parallel: 3,
    // Each put under way has a file, a connection, and the server's end of that, which is in this process as well.
    onResult: () => void open.push(openDescriptors() - before),
  });
  expect(summary).toMatchObject({ stored: 30, notTried: [] });
  expect(Math.max(...ahead)).toBeLessThanOrEqual(4);
  expect(Math.max(...open)).toBeLessThanOrEqual(9);
  expect(server.connections.total).toBeLessThanOrEqual(3);
});

test('`onResult` is told of each, and holds the next one back until its promise is resolved', async () => {
  const server = await scripted(store());
  const filePath = await temporaryFile('small');
  const items = ['one', 'two', 'three'].map((key) => ({
    filePath: key === 'two' ? '/nowhere' : filePath,
    key,
  }));
  const seen: string[] = [];
  await s3Put(server.endpoint).putMany(items, {
    parallel: 1,
    onResult: async ({ item, answer, error }: PutResult<PutItem>) => {
      seen.push(`${item.key} ${answer?.bytes ?? error?.code}`);
      await new Promise(setImmediate);
      seen.push('next');
    },
  });
  expect(seen).toEqual(['one 5', 'next', 'two EFILENOTFOUND', 'next', 'three 5', 'next']);
});

test('With `stopOnError` nothing is begun after a failure', async () => {
  const server = await scripted(store());
  const filePath = await temporaryFile('small');
  const items = Array.from({ length: 10 }, (_, index) => ({
    filePath: index === 2 ? '/nowhere' : filePath,
    key: `key-${index}`,
  }));
  const summary = await s3Put(server.endpoint).putMany(items, { parallel: 1, stopOnError: true });
  expect(summary).toMatchObject({ stored: 2, failed: 1, stoppedBy: 'failure' });
  expect(summary.notTried).toEqual(items.slice(3));
  expect(server.received).toHaveLength(2);
});

test('An abort ends what is under way, and tells what was not tried', async () => {
  const server = await scripted(() => undefined);
  const filePath = await temporaryFile('small');
  const items = Array.from({ length: 10 }, (_, index) => ({ filePath, key: `key-${index}` }));
  const controller = new AbortController();
  const before = openDescriptors();
  const putting = s3Put(server.endpoint).putMany(items, { parallel: 4, signal: controller.signal });
  await waitUntil(() => server.received.length === 4, { what: 'four requests' });
  controller.abort();
  const summary = await putting;
  expect(summary).toMatchObject({ stored: 0, failed: 4, stoppedBy: 'signal', notTried: items.slice(4) });
  expect(new Set(summary.failures.map(({ error }) => error.code))).toEqual(new Set(['EABORTED']));
  await waitUntil(() => server.connections.open.size === 0, { what: 'all connections to end' });
  await waitUntil(() => openDescriptors() <= before, { what: 'all descriptors to be closed' });
});

test('An abort does not wait for an iterable that never gives anything', async () => {
  async function* items(): AsyncGenerator<PutItem> {
    yield { bytes: Buffer.from('small'), key: 'key' };
    await new Promise(() => undefined);
  }
  const server = await scripted(store());
  const controller = new AbortController();
  const summary = await s3Put(server.endpoint).putMany(items(), {
    signal: controller.signal,
    onResult: () => controller.abort(),
  });
  expect(summary).toMatchObject({ stored: 1, failed: 0, notTried: [], stoppedBy: 'signal' });
});

test('`close` ends it after what is under way', async () => {
  const server = await scripted(store());
  const filePath = await temporaryFile('small');
  const items = Array.from({ length: 20 }, (_, index) => ({ filePath, key: `key-${index}` }));
  const uploads = s3Put(server.endpoint);
  let closing: Promise<void> | undefined;
  const summary = await uploads.putMany(items, {
    parallel: 1,
    onResult: () => void (closing ??= uploads.close()),
  });
  await closing;
  expect(summary).toMatchObject({ stored: 1, failed: 1, stoppedBy: 'close' });
  expect(summary.notTried).toHaveLength(18);
  expect(await failureOf(uploads.putMany(items))).toMatchObject({ code: 'ECLOSED', operation: 'PutMany' });
});

test('What the iterable or a callback throws begins nothing more and comes out', async () => {
  const server = await scripted(store());
  const uploads = s3Put(server.endpoint);
  async function* broken(): AsyncGenerator<PutItem> {
    yield { bytes: Buffer.from('small'), key: 'key' };
    throw new Error('the database is gone');
  }
  await expect(uploads.putMany(broken())).rejects.toThrow('the database is gone');
  const items = Array.from({ length: 10 }, (_, index) => ({ bytes: Buffer.from('small'), key: `${index}` }));
  const onResult = (): void => {
    throw new Error('a bug');
  };
  await expect(uploads.putMany(items, { parallel: 1, onResult })).rejects.toThrow('a bug');
  expect(server.received.length).toBe(2);
});

test('`onProgress` adds up how far all are, and is told of the end before that comes', async () => {
  const server = await scripted(store());
  const large = await temporaryFile(someBytes(3 * MiB));
  const items = Array.from({ length: 6 }, (_, index) => ({
    filePath: index % 3 === 0 ? `${large}.missing` : large,
    key: `key-${index}`,
  }));
  const told: ManyProgress[] = [];
  const { stored, failed, bytes } = await s3Put(server.endpoint).putMany(items, {
    parallel: 2,
    onProgress: (progress) => told.push(progress),
  });
  expect(told.at(-1)).toEqual({ stored, failed, bytes, sentBytes: bytes });
  expect({ stored, failed, bytes }).toEqual({ stored: 4, failed: 2, bytes: 12 * MiB });
  const sent = told.map(({ sentBytes }) => sentBytes);
  expect(sent).toEqual(sent.toSorted((one, other) => one - other));
  expect(new Set(sent).size).toBeGreaterThan(8);
  expect(told.every((progress) => progress.bytes <= progress.sentBytes)).toBe(true);
});

test('What a failed put had sent is taken back', async () => {
  const server = await scripted(answerAfterBody(403, {}, s3Error('AccessDenied')), store());
  const large = await temporaryFile(someBytes(3 * MiB));
  const told: ManyProgress[] = [];
  const items = ['refused', 'stored'].map((key) => ({ filePath: large, key }));
  await s3Put(server.endpoint).putMany(items, { parallel: 1, onProgress: (progress) => told.push(progress) });
  expect(told.find(({ failed }) => failed === 1)).toEqual({ stored: 0, failed: 1, bytes: 0, sentBytes: 0 });
  expect(told.at(-1)).toEqual({ stored: 1, failed: 1, bytes: 3 * MiB, sentBytes: 3 * MiB });
});

test.each([
  [{ parallel: 0 }, 'Expected `parallel` to be an integer of at least 1, got 0'],
  [{ parallel: 1.5 }, 'Expected `parallel` to be an integer of at least 1, got 1.5'],
  [{ stopOnError: 1 }, 'Expected `stopOnError` to be a boolean, got 1'],
  [{ onResult: 'log' }, 'Expected `onResult` to be a function, got "log"'],
  [{ onProgress: {} }, 'Expected `onProgress` to be a function'],
  [{ signal: {} }, 'Expected `signal` to be an AbortSignal'],
  [{ totalTimeoutMs: 0 }, 'Expected `totalTimeoutMs` to be a positive number, got 0'],
  [{ concurrency: 3 }, 'Unknown option `concurrency`; known are parallel'],
])('%o is refused', async (options, message) => {
  const putting = s3Put('http://127.0.0.1:1').putMany([], options as PutManyOptions);
  expect(await failureOf(putting)).toMatchObject({
    code: 'EINVALID',
    message: expect.stringContaining(message),
  });
});

test('Something that is no iterable is refused', async () => {
  const putting = s3Put('http://127.0.0.1:1').putMany('photos' as never);
  expect(await failureOf(putting)).toMatchObject({ code: 'EINVALID' });
});

test('Fifty failures of all kinds leave no descriptor, connection or upload behind', async () => {
  const s3 = await localS3();
  const small = await temporaryFile('small');
  const large = await temporaryFile(someBytes(11 * MiB));
  const uploads = s3Put(s3.endpoint, { multipartFromBytes: 10 * MiB, partBytes: 5 * MiB });
  await uploads.put(small, 'warm');
  const before = openDescriptors();
  s3.faults.next({ method: 'PUT', key: 'large', status: 403, code: 'AccessDenied', times: 100 });
  s3.faults.next({ method: 'PUT', key: 'refused', status: 403, code: 'AccessDenied', times: 20 });
  const items = Array.from({ length: 50 }, (_, index) => {
    if (index % 10 === 0) return { filePath: large, key: 'large' };
    return index % 2 === 0
      ? { filePath: small, key: 'refused' }
      : { filePath: `${small}.missing`, key: 'no' };
  });
  const summary = await uploads.putMany(items);
  expect(summary).toMatchObject({ stored: 0, failed: 50 });
  const { Uploads = [] } = await s3.client.send(new ListMultipartUploadsCommand({ Bucket: 'bucket' }));
  expect(Uploads).toEqual([]);
  await uploads.close();
  s3.client.destroy();
  await waitUntil(() => openDescriptors() <= before, { what: 'all descriptors to be closed' });
});

test('An item that is no object fails alone', async () => {
  const { failures } = await s3Put('http://127.0.0.1:1').putMany(['cat.jpg', null] as never[]);
  expect(failures.map(({ error }) => error.message)).toEqual([
    'Expected each item to be an object, got cat.jpg',
    'Expected each item to be an object, got null',
  ]);
});
