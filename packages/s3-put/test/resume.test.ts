import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { appendFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { PART_BYTES, resuming } from './support/resuming.ts';
import type { Resuming } from './support/resuming.ts';
import { partsIn } from './support/s3-local.ts';
import { failureOf, MiB } from './support/uploads.ts';

/** Slow enough to be killed in the middle. */
const slowly = { maxBytesPerSecond: 40 * MiB, parallelParts: 2 };

async function expectAllIsWell({ s3, journals }: Resuming, content: Buffer): Promise<void> {
  expect((await s3.content('film')).equals(content)).toBe(true);
  expect(await journals()).toEqual([]);
  expect(await s3.uploadsLeft()).toBe(0);
}

async function uploadLeft({ s3 }: Resuming): Promise<string> {
  const { Uploads } = await s3.client.send(new ListMultipartUploadsCommand({ Bucket: 'bucket' }));
  return Uploads?.[0]?.UploadId ?? '';
}

test('A put that was killed goes on in another process, and sends no part again that was there', async () => {
  const upload = await resuming(60);
  const { s3, content } = upload;
  await upload.putAndKill(5, slowly);
  expect(await s3.uploadsLeft()).toBe(1);
  const id = await uploadLeft(upload);
  const first = partsIn(s3.requests).length;
  const stored = await upload.put();
  expect(stored).toMatchObject({
    bytes: content.length,
    attempts: 1,
    verified: { checksum: true, etag: true },
  });
  // 13 in all; each one that was under way when it was killed may have to be sent again.
  const again = partsIn(s3.requests).length - 13;
  expect(again).toBeLessThanOrEqual(slowly.parallelParts);
  const second = partsIn(s3.requests).length - first;
  expect(stored.resumedBytes).toBe((13 - second) * PART_BYTES);
  expect(stored.resumedBytes).toBeGreaterThanOrEqual(5 * PART_BYTES);
  expect(partsIn(s3.requests).every(({ url }) => url.includes(id))).toBe(true);
  await expectAllIsWell(upload, content);
});

test('A put that is killed again and again is stored in the end', async () => {
  const upload = await resuming(30);
  for (const parts of [1, 2, 4]) await upload.putAndKill(parts, slowly);
  expect(await upload.put()).toMatchObject({ attempts: 1 });
  expect(
    upload.s3.requests.filter(({ method, url }) => method === 'POST' && url.includes('uploads')),
  ).toHaveLength(1);
  await expectAllIsWell(upload, upload.content);
});

test.each([
  ['the file', async ({ path }: Resuming) => await appendFile(path, 'more'), {}, {}],
  ['a header', () => undefined, { 'x-amz-meta-who': 'me' }, {}],
  ['the checksum', () => undefined, {}, { checksumAlgorithm: 'CRC32C' as const }],
])(
  'When %s has changed a new upload is made, and the old one taken out',
  async (_, change, headers, options) => {
    const upload = await resuming(20);
    await upload.putAndKill(1, slowly);
    const old = await uploadLeft(upload);
    await change(upload);
    const stored = await upload.put(options, headers);
    expect(stored).toMatchObject({ resumedBytes: 0 });
    const abort = upload.s3.requests.find(({ method }) => method === 'DELETE');
    expect(abort?.url).toContain(old);
    const more = stored.bytes > upload.content.length ? 'more' : '';
    await expectAllIsWell(upload, Buffer.concat([upload.content, Buffer.from(more)]));
  },
);

test('The size of a part may have changed: the upload keeps its own', async () => {
  const upload = await resuming(20);
  await upload.putAndKill(2, slowly);
  const stored = await upload.put({ partBytes: 7 * MiB });
  expect(stored.resumedBytes).toBeGreaterThanOrEqual(2 * PART_BYTES);
  expect(stored.etag).toMatch(/-5$/);
  await expectAllIsWell(upload, upload.content);
});

test('An upload that is gone is begun anew', async () => {
  const upload = await resuming(20);
  await upload.putAndKill(2, slowly);
  const { s3 } = upload;
  const id = await uploadLeft(upload);
  await s3.client.send(new AbortMultipartUploadCommand({ Bucket: 'bucket', Key: 'film', UploadId: id }));
  expect(await upload.put()).toMatchObject({ resumedBytes: 0 });
  await expectAllIsWell(upload, upload.content);
});

test('A part that is there with other bytes is sent again', async () => {
  const upload = await resuming(20);
  await upload.putAndKill(2, slowly);
  const { s3, content } = upload;
  const target = { Bucket: 'bucket', Key: 'film', UploadId: await uploadLeft(upload) };
  // As long as the right one; and one that is shorter.
  const others = [Buffer.alloc(PART_BYTES), content.subarray(PART_BYTES, 2 * PART_BYTES - 1)];
  for (const [index, Body] of others.entries()) {
    const own = { PartNumber: index + 1, Body, ChecksumAlgorithm: 'CRC32' as const };
    await s3.client.send(new UploadPartCommand({ ...target, ...own }));
  }
  const before = partsIn(s3.requests).length;
  await upload.put();
  const sent = partsIn(s3.requests)
    .slice(before)
    .map(({ url }) => /partNumber=(\d+)/.exec(url)?.[1]);
  expect(sent).toEqual(expect.arrayContaining(['1', '2']));
  await expectAllIsWell(upload, content);
});

test('A failure of the network keeps the upload and says so, and the same put goes on with it', async () => {
  const upload = await resuming(20);
  const { s3 } = upload;
  s3.faults.next({ method: 'PUT', delayMs: 1 });
  s3.faults.next({ method: 'PUT', resetAfterBytes: MiB, times: 100 });
  const error = await failureOf(upload.put({ parallelParts: 1 }));
  expect(error).toMatchObject({ code: 'ENETWORK', retryable: true, operation: 'UploadPart' });
  expect(error.resumableUploadId).toBe(await uploadLeft(upload));
  expect(error).not.toHaveProperty('uploadId');
  expect(error.message).toContain('the same put will go on from here');
  expect(await upload.journals()).toHaveLength(1);
  s3.faults.clear();
  expect(await upload.put()).toMatchObject({ resumedBytes: PART_BYTES });
  await expectAllIsWell(upload, upload.content);
});

test('So does a failure while it looks what is there, and one at the very end', async () => {
  const upload = await resuming(20);
  const { s3 } = upload;
  s3.faults.next({ method: 'PUT', resetAfterBytes: MiB, times: 100 });
  await failureOf(upload.put());
  s3.faults.clear();
  s3.faults.next({ method: 'GET', status: 500, code: 'InternalError', times: 3 });
  const error = await failureOf(upload.put());
  expect(error).toMatchObject({ operation: 'ListParts', resumableUploadId: await uploadLeft(upload) });
  s3.faults.next({ method: 'POST', status: 500, code: 'InternalError', times: 3 });
  const last = await failureOf(upload.put());
  expect(last).toMatchObject({
    operation: 'CompleteMultipartUpload',
    resumableUploadId: await uploadLeft(upload),
  });
  expect(await upload.put()).toMatchObject({ resumedBytes: upload.content.length });
  await expectAllIsWell(upload, upload.content);
});

test('What will not pass leaves neither upload nor journal', async () => {
  const upload = await resuming(20);
  const { s3 } = upload;
  s3.faults.next({ method: 'PUT', status: 403, code: 'AccessDenied', times: 1 });
  expect(await failureOf(upload.put())).toMatchObject({ s3: { code: 'AccessDenied' } });
  expect([await s3.uploadsLeft(), await upload.journals()]).toEqual([0, []]);
});
