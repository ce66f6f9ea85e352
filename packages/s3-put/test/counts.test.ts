import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { PutAnswer, PutProgress } from '@silly-face/s3-put';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { localS3 } from './support/s3-local.ts';
import { answerAfterBody, resetAfter, s3Error, scripted, store } from './support/scripted-server.ts';
import { failureOf, MiB, s3Put, someBytes, temporaryFile } from './support/uploads.ts';

const inParts = { multipartFromBytes: 5 * MiB, partBytes: 5 * MiB };

/** All that was told, and what of it held throughout. */
function recorder(): { told: PutProgress[]; onProgress: (progress: PutProgress) => void } {
  const told: PutProgress[] = [];
  return { told, onProgress: (progress) => void told.push(progress) };
}

function expectToEndWell(told: readonly PutProgress[], size: number, totalBytes: number | undefined): void {
  const bytes = told.map((progress) => progress.bytes);
  expect(bytes).toEqual(bytes.toSorted((a, b) => a - b));
  expect(told.every((progress) => progress.sentBytes >= progress.bytes && progress.sentBytes <= size)).toBe(
    true,
  );
  expect(told.every((progress) => progress.totalBytes === totalBytes)).toBe(true);
  expect(told.at(-1)).toEqual({ bytes: size, sentBytes: size, totalBytes });
}

/** Until what was told on ticks of their own has come. */
const aMomentLater = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

test.each([0, 5, 3 * MiB + 1])('The counts of a file of %i bytes end at its size', async (size) => {
  const s3 = await localS3();
  const { told, onProgress } = recorder();
  const uploads = s3Put(s3.endpoint);
  await uploads.put(await temporaryFile(someBytes(size)), 'key', {}, { onProgress });
  await aMomentLater();
  expectToEndWell(told, size, size);
  const buffer = recorder();
  await uploads.putBuffer(someBytes(size), 'key', {}, { onProgress: buffer.onProgress });
  await aMomentLater();
  expectToEndWell(buffer.told, size, size);
});

test('The counts of a file in parts grow part by part, and hold nothing but the file', async () => {
  const s3 = await localS3();
  const { told, onProgress } = recorder();
  const size = 23 * MiB + 1;
  await s3Put(s3.endpoint, inParts).put(await temporaryFile(someBytes(size)), 'key', {}, { onProgress });
  await aMomentLater();
  expectToEndWell(told, size, size);
  expect(new Set(told.map(({ bytes }) => bytes)).size).toBe(6);
});

test('A stream has no total', async () => {
  const s3 = await localS3();
  const { told, onProgress } = recorder();
  const size = 11 * MiB;
  const chunks = async function* (): AsyncGenerator<Uint8Array, void, void> {
    for (let given = 0; given < 11; given += 1) yield someBytes(MiB);
  };
  await s3Put(s3.endpoint, inParts).putStream(chunks(), 'key', {}, { onProgress });
  await aMomentLater();
  expectToEndWell(told, size, undefined);
});

test.each([
  ['a reset in mid-body', resetAfter(2 * MiB)],
  ['a refusal after the body', answerAfterBody(503, {}, s3Error('SlowDown'))],
  ['an error document under a 200', answerAfterBody(200, {}, s3Error('InternalError'))],
])('What was sent before %s does not count twice', async (_, scene) => {
  const server = await scripted(scene, store());
  const { told, onProgress } = recorder();
  const size = 9 * MiB;
  await s3Put(server.endpoint).put(await temporaryFile(someBytes(size)), 'key', {}, { onProgress });
  await aMomentLater();
  expectToEndWell(told, size, size);
  const sent = told.map(({ sentBytes }) => sentBytes);
  expect(sent.some((bytes, index) => bytes < (sent[index - 1] ?? 0))).toBe(true);
  expect(sent).toContain(0);
});

test('Parts that are sent again do not count twice', async () => {
  const s3 = await localS3();
  s3.faults.next({ method: 'PUT', resetAfterBytes: 2 * MiB, times: 3 });
  s3.faults.next({ method: 'PUT', status: 503, code: 'SlowDown', afterBody: true });
  const { told, onProgress } = recorder();
  const size = 23 * MiB;
  await s3Put(s3.endpoint, inParts).put(await temporaryFile(someBytes(size)), 'key', {}, { onProgress });
  await aMomentLater();
  expectToEndWell(told, size, size);
});

test('A put that fails ends with nothing sent and nothing stored', async () => {
  const server = await scripted(answerAfterBody(403, {}, s3Error('AccessDenied')));
  const { told, onProgress } = recorder();
  await failureOf(
    s3Put(server.endpoint).put(await temporaryFile(someBytes(3 * MiB)), 'key', {}, { onProgress }),
  );
  await aMomentLater();
  expect(told.at(-1)).toEqual({ bytes: 0, sentBytes: 0, totalBytes: 3 * MiB });
});

test('What `onProgress` throws is an uncaught exception, and no failure of the put', async () => {
  const s3 = await localS3();
  const fixture = fileURLToPath(new URL('fixtures/throwing-progress.mjs', import.meta.url));
  const child = fork(fixture, [s3.endpoint], { stdio: 'inherit' });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [told] = (await once(child, 'message')) as [{ answer: PutAnswer; uncaught: string[] }];
  expect(told.answer).toMatchObject({ statusCode: 200, bytes: 5 });
  expect(new Set(told.uncaught)).toEqual(new Set(['thrown by onProgress']));
  await once(child, 'close');
});
