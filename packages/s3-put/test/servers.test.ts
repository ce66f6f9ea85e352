import { descendants } from '@silly-face/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { serverKinds } from './support/servers.ts';
import type { Server } from './support/servers.ts';
import { bodies } from './uploads/bodies.ts';
import { headers } from './uploads/headers.ts';
import { keys } from './uploads/keys.ts';
import { refusals } from './uploads/refusals.ts';

// The same uploads everywhere: what differs between the servers is said by their traits. Ceph is started in this file alone.
describe.each(serverKinds.map((kind) => [kind.name, kind] as const))('%s:', (_, kind) => {
  let missing: string | undefined;
  let server: Server | undefined;
  const stop = async (): Promise<void> => {
    const running = server;
    server = undefined;
    await running?.stop();
  };
  beforeAll(async () => {
    missing = await kind.bring();
    if (missing === undefined) server = await kind.start();
  }, 300_000);
  beforeEach((context) => {
    if (missing) context.skip(missing);
  });
  afterAll(stop);

  for (const cases of [bodies, keys, headers, refusals]) cases(() => server as Server, kind.traits);

  test('nothing of it is left when it has been stopped', async () => {
    await stop();
    expect(descendants(process.pid)).toEqual([]);
  });
});
