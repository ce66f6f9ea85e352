import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { waitUntil } from '@silly-face/testing';
import { expect, test } from 'vitest';
import { inParts, PART_BYTES, resuming } from './support/resuming.ts';
import type { Resuming } from './support/resuming.ts';
import { partsIn } from './support/s3-local.ts';
import { answerAfterBody, s3Error, store } from './support/scripted-server.ts';
import { scriptedUploads } from './support/scripted-uploads.ts';
import type { ScriptedUploads } from './support/scripted-uploads.ts';
import { failureOf, MiB, s3Put, someBytes, temporaryFile, temporaryFolder } from './support/uploads.ts';

/** Leaves an upload in the bucket, and its journal. */
async function interrupted(mebibytes = 20): Promise<{ upload: Resuming; journal: string }> {
  const upload = await resuming(mebibytes);
  upload.s3.faults.next({ method: 'PUT', delayMs: 1 });
  upload.s3.faults.next({ method: 'PUT', resetAfterBytes: MiB, times: 100 });
  await failureOf(upload.put({ parallelParts: 1 }));
  upload.s3.faults.clear();
  const [name = ''] = await upload.journals();
  return { upload, journal: join(upload.journalDirectory, name) };
}

test.each([
  ['is empty', () => ''],
  ['breaks off', (text: string) => text.slice(0, text.length / 2)],
  ['is another document', () => '{"uploadId":5}'],
  ['is nothing', () => 'null'],
  ['has an impossible size of a part', (text: string) => text.replace(/"partBytes":\d+/, '"partBytes":0')],
  [
    'has a huge size of a part',
    (text: string) => text.replace(/"partBytes":\d+/, '"partBytes":9007199254740991'),
  ],
])('A journal that %s is EJOURNAL and named, and nothing is begun', async (_, spoilt) => {
  const { upload, journal } = await interrupted();
  await writeFile(journal, spoilt(await readFile(journal, 'utf8')));
  const before = upload.s3.requests.length;
  const error = await failureOf(upload.put());
  expect(error).toMatchObject({ code: 'EJOURNAL', source: 'file', retryable: false, history: [] });
  expect(error.message).toContain(journal);
  expect(upload.s3.requests).toHaveLength(before);
});

test('A folder that is none is EJOURNAL and named, and nothing is begun', async () => {
  const { put, s3 } = await resuming(6);
  const file = await temporaryFile('text');
  const error = await failureOf(put({ journalDirectory: file }));
  expect(error).toMatchObject({ code: 'EJOURNAL', cause: { code: 'ENOTDIR' } });
  expect(error.message).toContain(file);
  expect(s3.requests).toHaveLength(0);
});

test('A journal that cannot be written is EJOURNAL and named, and the upload is taken out again', async () => {
  const { upload, journal } = await interrupted(6);
  await rm(journal);
  // In the place of the file that is renamed when it is complete.
  await mkdir(`${journal}.${process.pid}`);
  const error = await failureOf(upload.put());
  expect(error).toMatchObject({ code: 'EJOURNAL', cause: { code: 'EISDIR' } });
  expect(error.message).toContain(journal);
  expect(error).not.toHaveProperty('uploadId');
  // The interrupted one, of which nobody knows any more, is still there.
  expect(await upload.s3.uploadsLeft()).toBe(1);
});

test('A journal tells nothing that is secret, and is for its owner alone', async () => {
  const { journal } = await interrupted();
  expect(Object.keys(JSON.parse(await readFile(journal, 'utf8')) as object).toSorted()).toEqual(
    ['isFullObject', 'partBytes', 'subject', 'uploadId'].toSorted(),
  );
  expect((await stat(journal)).mode & 0o077).toBe(0);
});

test('Aborting leaves neither upload nor journal', async () => {
  const { s3, path, journalDirectory, journals } = await resuming(20);
  s3.faults.next({ method: 'PUT', delayMs: 600_000, times: 4 });
  const controller = new AbortController();
  const uploads = s3Put(s3.endpoint, { ...inParts, journalDirectory });
  const put = failureOf(uploads.put(path, 'film', {}, { signal: controller.signal }));
  await waitUntil(() => partsIn(s3.requests).length > 0, { what: 'a part' });
  expect(await journals()).toHaveLength(1);
  controller.abort();
  expect(await put).toMatchObject({ code: 'EABORTED' });
  expect([await s3.uploadsLeft(), await journals()]).toEqual([0, []]);
});

test('`destroy` keeps the upload, for the next process', async () => {
  const { s3, path, journalDirectory, journals, put } = await resuming(20);
  s3.faults.next({ method: 'PUT', delayMs: 1 });
  s3.faults.next({ method: 'PUT', delayMs: 600_000, times: 4 });
  const uploads = s3Put(s3.endpoint, { ...inParts, parallelParts: 1, journalDirectory });
  const failing = failureOf(uploads.put(path, 'film'));
  await waitUntil(() => partsIn(s3.requests).length > 1, { what: 'the second part' });
  uploads.destroy();
  const error = await failing;
  expect(error).toMatchObject({ code: 'ECLOSED', resumableUploadId: expect.any(String) });
  expect(await journals()).toHaveLength(1);
  s3.faults.clear();
  expect(await put()).toMatchObject({ resumedBytes: PART_BYTES });
  expect([await s3.uploadsLeft(), await journals()]).toEqual([0, []]);
});

test('Two puts of the same file to the same key take turns, those of others do not wait', async () => {
  const { s3, path, content, journalDirectory, journals } = await resuming(11);
  const uploads = [0, 1, 2].map(() => s3Put(s3.endpoint, { ...inParts, journalDirectory }));
  const keys = ['film', 'film', 'film', 'other'];
  const stored = await Promise.all(
    keys.map((key, index) => (uploads[index % 3] as (typeof uploads)[0]).put(path, key)),
  );
  expect(stored.map(({ attempts, resumedBytes }) => [attempts, resumedBytes])).toEqual(
    keys.map(() => [1, 0]),
  );
  for (const key of ['film', 'other']) expect((await s3.content(key)).equals(content)).toBe(true);
  expect([await s3.uploadsLeft(), await journals()]).toEqual([0, []]);
});

test('Of two puts of the same file the second goes on with what the first left, and may be aborted while it waits', async () => {
  const { s3, path, content, journalDirectory, journals } = await resuming(20);
  const uploads = s3Put(s3.endpoint, { ...inParts, parallelParts: 1, journalDirectory });
  s3.faults.next({ method: 'PUT', delayMs: 1 });
  s3.faults.next({ method: 'PUT', resetAfterBytes: MiB, times: 3 });
  const controller = new AbortController();
  const first = failureOf(uploads.put(path, 'film'));
  const second = failureOf(uploads.put(path, 'film', {}, { signal: controller.signal }));
  const third = uploads.put(path, 'film');
  controller.abort();
  expect(await second).toMatchObject({ code: 'EABORTED', history: [] });
  expect(await first).toMatchObject({ code: 'ENETWORK' });
  expect(await third).toMatchObject({ resumedBytes: PART_BYTES });
  expect((await s3.content('film')).equals(content)).toBe(true);
  expect([await s3.uploadsLeft(), await journals()]).toEqual([0, []]);
});

/** A server that has parts of an upload already, which it lists two at a time, with what `of` says of each. */
async function listing(pieces: readonly Buffer[], of: (piece: Buffer) => string): Promise<ScriptedUploads> {
  return await scriptedUploads({
    complete: answerAfterBody(500, {}, s3Error('InternalError')),
    list: (request, response, received) => {
      const after = Number(new URL(request.url ?? '', 'http://s3').searchParams.get('part-number-marker'));
      const page = pieces.slice(after, after + 2).map((piece, index) => {
        const number = after + index + 1;
        return `<Part><PartNumber>${number}</PartNumber><Size>${piece.length}</Size>${of(piece)}</Part>`;
      });
      const isTruncated = after + 2 < pieces.length;
      const document = `<ListPartsResult><IsTruncated>${isTruncated}</IsTruncated><NextPartNumberMarker>${after + 2}</NextPartNumberMarker>${page.join('')}</ListPartsResult>`;
      return answerAfterBody(200, {}, document)(request, response, received);
    },
    part: store(),
  });
}

const etagOf = (piece: Buffer): string => createHash('md5').update(piece).digest('hex');
const crcOf = (piece: Buffer): string => {
  const four = Buffer.alloc(4);
  four.writeUInt32BE(crc32(piece));
  return four.toString('base64');
};

test.each([
  ['without checksums, by their ETags', (piece: Buffer) => `<ETag>&quot;${etagOf(piece)}&quot;</ETag>`, 5],
  [
    'with checksums, by these',
    (piece: Buffer) => `<ETag>"opaque"</ETag><ChecksumCRC32>${crcOf(piece)}</ChecksumCRC32>`,
    5,
  ],
  ['with neither, not at all', () => '<ETag>"opaque"</ETag>', 0],
  [
    'with wrong ones, not at all',
    (piece: Buffer) => `<ETag>"${etagOf(piece)}"</ETag><ChecksumCRC32>AAAAAA==</ChecksumCRC32>`,
    0,
  ],
])('Parts that are listed on several pages %s are known', async (_, of, known) => {
  const content = someBytes(22 * MiB);
  const pieces = Array.from({ length: 5 }, (__, index) =>
    content.subarray(index * PART_BYTES, (index + 1) * PART_BYTES),
  );
  const server = await listing(pieces, of);
  const journalDirectory = await temporaryFolder();
  const uploads = s3Put(server.endpoint, { ...inParts, journalDirectory, verifyETag: false });
  const path = await temporaryFile(content);
  await failureOf(uploads.put(path, 'film'));
  expect(server.count('part')).toBe(5);
  await failureOf(uploads.put(path, 'film'));
  expect(server.count('list')).toBe(3);
  expect(server.count('part')).toBe(10 - known);
  expect(await readdir(journalDirectory)).toHaveLength(1);
});
