import { createHash } from 'node:crypto';
import { connectionsTo } from '@silly-face/testing';
import { expect, test } from 'vitest';
import type { Server, Traits } from '../support/servers.ts';
import { MiB, s3Put, someBytes, temporaryFile } from '../support/uploads.ts';

export function bodies(server: () => Server, { checksums }: Traits): void {
  test.each([0, 1, 64 * 1024, MiB + 1, 5 * MiB])('a file of %i bytes is stored as it is', async (size) => {
    const { endpoint, credentials, stored } = server();
    const content = someBytes(size);
    const uploads = s3Put(endpoint, { credentials, verifyETag: true });
    const answer = await uploads.put(await temporaryFile(content), `file-${size}.jpg`);
    expect(answer).toMatchObject({
      statusCode: 200,
      bytes: size,
      attempts: 1,
      etag: createHash('md5').update(content).digest('hex'),
      verified: { checksum: checksums, etag: true },
    });
    expect(await stored.holds(`file-${size}.jpg`, content)).toBe(true);
    expect(await stored.head(`file-${size}.jpg`)).toMatchObject({
      ContentLength: size,
      ContentType: 'image/jpeg',
      ETag: `"${answer.etag}"`,
      ...(checksums && { ChecksumCRC32: answer.checksum }),
    });
  });

  test('a file in parts is one object with its headers', async () => {
    const { endpoint, credentials, stored } = server();
    const content = someBytes(12 * MiB);
    const inParts = { credentials, verifyETag: true, multipartFromBytes: 5 * MiB, partBytes: 5 * MiB };
    const path = await temporaryFile(content, 'film.mp4');
    const answer = await s3Put(endpoint, inParts).put(path, 'film', { 'x-amz-meta-who': 'me' });
    expect(answer).toMatchObject({
      bytes: content.length,
      attempts: 1,
      etag: expect.stringMatching(/^[0-9a-f]{32}-3$/),
      verified: { checksum: checksums, etag: true },
    });
    expect(await stored.holds('film', content)).toBe(true);
    expect(await stored.head('film')).toMatchObject({
      ContentType: 'video/mp4',
      ETag: `"${answer.etag}"`,
      Metadata: { who: 'me' },
      ...(checksums && { ChecksumCRC32: answer.checksum }),
    });
    expect(await stored.uploads('film')).toBe(0);
  });

  test('bytes in memory are stored as they are, over what was there', async () => {
    const { endpoint, credentials, stored } = server();
    const uploads = s3Put(endpoint, { credentials, verifyETag: true });
    for (const size of [2 * MiB, 10]) {
      const answer = await uploads.putBuffer(someBytes(size), 'notes.html');
      expect(answer.verified).toEqual({ checksum: checksums, etag: true });
      expect(await stored.holds('notes.html', someBytes(size))).toBe(true);
    }
    expect(await stored.head('notes.html')).toMatchObject({ ContentType: 'text/html' });
  });

  test('fifty files at a time go over four connections, each to its place', async () => {
    const { endpoint, port, credentials, stored } = server();
    const uploads = s3Put(endpoint, { credentials, maxConnections: 4 });
    const contents = Array.from({ length: 50 }, (_, index) => someBytes(64 * 1024 + index));
    const files = await Promise.all(contents.map((content) => temporaryFile(content)));
    const before = connectionsTo(port);
    const answers = await Promise.all(files.map((file, index) => uploads.put(file, `many/${index}`)));
    const opened = connectionsTo(port).filter((connection) => !before.includes(connection));
    expect(opened.length).toBeLessThanOrEqual(4);
    expect(answers.every(({ attempts }) => attempts === 1)).toBe(true);
    const held = await Promise.all(contents.map((content, index) => stored.holds(`many/${index}`, content)));
    expect(held).toEqual(contents.map(() => true));
  });
}
