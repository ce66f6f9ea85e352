import { expect, test } from 'vitest';
import type { Server } from '../support/servers.ts';
import { s3Put, temporaryFile } from '../support/uploads.ts';

export function keys(server: () => Server): void {
  test.each([
    'a b+c',
    'ü/日本/😀',
    "quote's (1)!*",
    'a//b',
    '/a',
    'a/',
    'a/./b/../c',
    'a\\b',
    '%41',
    'a?b#c&d=e;f',
    'tab\tline\nend',
    ' ',
    '~._-,:@$"<>{}|^`[]',
    'x'.repeat(1024),
  ])('the key %j is stored as such', async (key) => {
    const { endpoint, credentials, stored } = server();
    await s3Put(endpoint, { credentials }).put(await temporaryFile(key), key);
    expect((await stored.content(key)).toString()).toBe(key);
  });
}
