import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Supervisor } from '@silly-face/supervisor';
import { afterAll, expect, it } from 'vitest';

const directory = mkdtempSync(join(tmpdir(), 'listen-'));
afterAll(() => rmSync(directory, { recursive: true }));

it.each([
  ['a unix socket', { path: join(directory, 'api.sock') }],
  ['a port of this machine', { port: 0, host: '127.0.0.1' }],
])('on %s that it inherits, a server takes a proxy for one of this machine', async (_, listen) => {
  const script = fileURLToPath(new URL('addresses.mjs', import.meta.url));
  const supervisor = new Supervisor({ children: [{ name: 'api', script, listen, readiness: 'message' }] });
  await supervisor.start();
  try {
    const address = supervisor.address('api');
    const request = get({
      ...(typeof address === 'string' ? { socketPath: address } : { port: address.port }),
      agent: false,
      headers: { 'x-forwarded-for': '203.0.113.7' },
    });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect(await json(response)).toEqual({ ip: '203.0.113.7', peer: '127.0.0.1' });
  } finally {
    await supervisor.stop();
  }
});
