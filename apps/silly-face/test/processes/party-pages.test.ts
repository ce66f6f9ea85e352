import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { healthHandler } from '@silly-face/graceful-shutdown';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DirectoryError } from '../../src/directory/directory.ts';
import { PartyPrometheus } from '../../src/party/prometheus.ts';
import { timedDirectory } from '../../src/party/timed-directory.ts';
import { partyPages } from '../../src/processes/party-pages.ts';
import { MemoryDirectory } from '../party/memory-directory.ts';
import { MemoryStore } from '../party/memory-store.ts';
import { Party } from '../party/party.ts';

const TOKEN = 'a-token-of-24-characters';

/** The pages of a process in whose one room are two members. */
async function startPages(metricsToken: string | undefined = TOKEN) {
  const party = new Party(new MemoryStore());
  const process = await party.start();
  const [anna] = await party.joinAll(process, ['anna', 'bert']);
  await anna.does('CHAT', { text: 'hello' });
  const prometheus = new PartyPrometheus(() => process);
  await prometheus.load();
  const handle = { state: 'running' as 'running' | 'draining' };
  const pages = partyPages({
    health: healthHandler(handle),
    metrics: () => prometheus.text(),
    metricsToken,
    onError: (error) => expect.unreachable(String(error)),
  });
  const server = createServer(pages).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    server.closeAllConnections();
    await party.end();
  });
  const { port } = server.address() as AddressInfo;
  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}${path}`, { headers });
  return { get, handle, prometheus };
}

describe('the pages of a party process', () => {
  it('tell whether it lives, and that it is not ready any more when it drains', async () => {
    const { get, handle } = await startPages();
    const statuses = async (): Promise<number[]> =>
      Promise.all(['/_health', '/live', '/ready'].map(async (path) => (await get(path)).status));
    expect(await statuses()).toEqual([200, 200, 200]);
    handle.state = 'draining';
    expect(await statuses()).toEqual([503, 200, 503]);
  });

  it('tell Prometheus about rooms, connections, messages and the directory', async () => {
    const { get, prometheus } = await startPages();
    const directory = timedDirectory(new MemoryDirectory(new MemoryStore()), prometheus.observe);
    await directory.processes();
    await expect(directory.heartbeat('nobody', { rooms: 0, connections: 0 })).rejects.toThrow(DirectoryError);
    const answer = await get('/metrics');
    expect(answer.headers.get('content-type')).toContain('text/plain');
    const lines = (await answer.text()).split('\n');
    for (const line of [
      'party_rooms 1',
      'party_members 2',
      'party_connections 2',
      'party_lease_held 1',
      'party_messages_total 3',
      'party_moves_total 0',
      'party_rooms_lost_total 0',
      'party_commands_dropped_total 0',
      'party_directory_seconds_count{operation="processes",outcome="ok"} 1',
      'party_directory_seconds_count{operation="heartbeat",outcome="process-expired"} 1',
    ])
      expect(lines).toContain(line);
    expect(lines.some((line) => line.startsWith('process_resident_memory_bytes'))).toBe(true);
  });

  it('show the metrics to this machine, and through a proxy only to who has the token', async () => {
    const { get } = await startPages();
    const proxied = { 'x-forwarded-for': '192.0.2.1' };
    expect((await get('/metrics', proxied)).status).toBe(403);
    expect((await get('/metrics', { ...proxied, authorization: `Bearer ${TOKEN}x` })).status).toBe(403);
    expect((await get('/metrics', { ...proxied, authorization: `Bearer ${TOKEN}` })).status).toBe(200);
  });

  it('are no more than these: all else is for WebSockets', async () => {
    const { get } = await startPages();
    const { status, headers } = await get('/');
    expect([status, headers.get('upgrade')]).toEqual([426, 'websocket']);
  });
});
