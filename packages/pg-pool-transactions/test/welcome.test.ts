import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { waitUntil } from '@silly-face/testing';
import { expect, it } from 'vitest';
import { useDatabase } from './support/database.ts';

const database = useDatabase();

const readyForQuery = Buffer.from('Z\0\0\0\x05I', 'latin1');
const fields = 'SFATAL\0C57P01\0Mterminating connection due to administrator command\0\0';
const goodbye = Buffer.concat([
  Buffer.from('E\0\0\0'),
  Buffer.from([4 + fields.length]),
  Buffer.from(fields),
]);

it('a connection that the server ends in the packet that welcomes it is not taken for an open one', async () => {
  const sockets: Socket[] = [];
  let rude = true;
  const proxy = createServer((client) => {
    const upstream = connect({ port: database.server.port, host: '127.0.0.1' });
    sockets.push(client, upstream);
    client.pipe(upstream);
    upstream.on('data', (bytes) => {
      const isWelcome = rude && bytes.subarray(-readyForQuery.length).equals(readyForQuery);
      if (isWelcome) client.end(Buffer.concat([bytes, goodbye]));
      else client.write(bytes);
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const url = new URL(database.server.connectionString);
  url.port = String((proxy.address() as AddressInfo).port);
  const pool = database.pool({ connectionString: url.href, min: 1 });
  const failures: unknown[] = [];
  pool.on('connectError', (error) => failures.push(error));
  await waitUntil(() => failures.length > 0, { what: 'the attempt to fail' });
  expect(failures[0]).toMatchObject({ code: 'POOL_CONNECT_FAILED', cause: { code: '57P01' } });
  expect(pool.stats().open).toBe(0);
  rude = false;
  await waitUntil(() => pool.stats().idle === 1, { what: 'the next attempt to succeed' });
  await pool.drain();
  for (const socket of sockets) socket.destroy();
  proxy.close();
});
