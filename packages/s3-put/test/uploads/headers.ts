import { expect, test } from 'vitest';
import type { Server } from '../support/servers.ts';
import { s3Put, temporaryFile } from '../support/uploads.ts';

export function headers(server: () => Server): void {
  test("headers in S3's own names are signed, sent and kept", async () => {
    const { endpoint, credentials, stored } = server();
    const given = {
      'Content-Type': 'text/x-cat; charset="utf-8"',
      'Cache-Control': 'max-age=60, public',
      'content-disposition': `attachment; filename="a, \\"b\\".txt"; filename*=UTF-8''%e2%82%ac.txt`,
      'content-encoding': 'identity',
      'content-language': 'de, en',
      'x-amz-acl': 'private',
      'x-amz-storage-class': 'STANDARD',
    };
    await s3Put(endpoint, { credentials }).put(await temporaryFile('small'), 'headers', given);
    expect(await stored.head('headers')).toMatchObject({
      ContentType: given['Content-Type'],
      CacheControl: given['Cache-Control'],
      ContentDisposition: given['content-disposition'],
      ContentEncoding: given['content-encoding'],
      ContentLanguage: given['content-language'],
    });
  });

  test.each([
    ['a comma and quotes', 'one, "two", \'three\'; four=5'],
    ['percent signs and pluses', '100%41+%20'],
    ['an equation in the manner of a MIME word', '=?UTF-8?Q?=C3=BC?='],
    ['as much as there may be', 'x'.repeat(1900)],
  ])('metadata with %s come back as they are', async (_, value) => {
    const { endpoint, credentials, stored } = server();
    await s3Put(endpoint, { credentials }).put(await temporaryFile('small'), 'metadata', {
      'X-Amz-Meta-Some-Thing-1': value,
    });
    expect((await stored.head('metadata')).Metadata).toEqual({ 'some-thing-1': value });
  });

  test.each(['  around  ', 'in  the   middle', ''])('the metadata %j are signed right', async (value) => {
    const { endpoint, credentials, stored } = server();
    await s3Put(endpoint, { credentials }).put(await temporaryFile('small'), 'blanks', {
      'x-amz-meta-blanks': value,
    });
    const { blanks = '' } = (await stored.head('blanks')).Metadata ?? {};
    expect(blanks.split(/\s+/).join(' ')).toBe(value.trim().split(/\s+/).join(' '));
  });

  test('tags are kept', async () => {
    const { endpoint, credentials, stored } = server();
    const tagging = { 'x-amz-tagging': 'animal=cat&name=Tom%20%2B%20co' };
    await s3Put(endpoint, { credentials }).put(await temporaryFile('small'), 'tagged', tagging);
    expect(await stored.tags('tagged')).toEqual({ animal: 'cat', name: 'Tom + co' });
  });
}
