import { expect, test } from 'vitest';
import { localS3 } from './support/s3-local.ts';
import { answerAfterBody, s3Error, store } from './support/scripted-server.ts';
import { completed, created, scriptedUploads } from './support/scripted-uploads.ts';
import { MiB, s3Put, someBytes, temporaryFile } from './support/uploads.ts';

const inParts = { multipartFromBytes: 5 * MiB, partBytes: 5 * MiB, parallelParts: 1 };
const content = someBytes(11 * MiB);
const fullObject = created({ 'x-amz-checksum-type': 'FULL_OBJECT' });
const header = 'x-amz-checksum-crc32';

test('Where S3 compares the whole, its checksum comes at the end, and those of the parts are made on the way', async () => {
  const s3 = await localS3();
  const uploads = s3Put(s3.endpoint, inParts);
  // From the second request on the client is not needed, which would want a checksum of each body.
  await uploads.putBuffer(Buffer.from('first'), 'first');
  const stored = await uploads.put(await temporaryFile(content), 'film');
  expect(stored).toMatchObject({ attempts: 1, verified: { checksum: true, etag: true } });
  expect(await s3.holds('film', content)).toBe(true);
  const parts = s3.requests.filter(({ url }) => url.includes('partNumber='));
  expect(parts.map(({ headers }) => headers[header])).toEqual([undefined, undefined, undefined]);
  expect(
    s3.requests.find(({ method, url }) => method === 'POST' && url.includes('uploadId='))?.headers,
  ).toMatchObject({
    [header]: stored.checksum,
    'x-amz-checksum-type': 'FULL_OBJECT',
  });
});

test.each(['InvalidRequest', 'InvalidArgument'])(
  'A server that refuses a part without a checksum with %s gets one with it, and no other without',
  async (code) => {
    const server = await scriptedUploads({
      create: fullObject,
      part: (request, response, received) =>
        (request.headers[header] === undefined ? answerAfterBody(400, {}, s3Error(code)) : store())(
          request,
          response,
          received,
        ),
    });
    const uploads = s3Put(server.endpoint, inParts);
    const path = await temporaryFile(content);
    await uploads.putBuffer(Buffer.from('first'), 'first');
    await uploads.put(path, 'film');
    await uploads.put(path, 'film');
    const without = server.of('part').filter(({ headers }) => headers[header] === undefined);
    expect(without).toHaveLength(1);
    expect(server.count('part')).toBe(1 + 1 + 3 + 3);
  },
);

test('A part that S3 has with another checksum is sent again', async () => {
  let answers = 0;
  const server = await scriptedUploads({
    create: fullObject,
    part: (request, response, received) => {
      answers += 1;
      // The first is that of the small object, the second that of the first part.
      return store(answers === 2 ? { [header]: 'AAAAAA==' } : {})(request, response, received);
    },
    complete: completed(),
  });
  const uploads = s3Put(server.endpoint, inParts);
  await uploads.putBuffer(Buffer.from('first'), 'first');
  expect(await uploads.put(await temporaryFile(content), 'film')).toMatchObject({ attempts: 2 });
});
