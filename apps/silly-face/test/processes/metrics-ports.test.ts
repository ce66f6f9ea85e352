// The whole backend, with a port for the metrics of each API process.
import { isPortFree } from '@silly-face/postgres-local';
import { bringNginx, freePort } from '@silly-face/testing';
import { describe, expect, test } from 'vitest';
import { type SoakedBackend, startBackend } from '../soak/backend.ts';

const METRICS_TOKEN = 'a-token-of-the-tests';

/** On a connection of its own, as that of the last scrape may have been closed. */
async function scrape(port: number, path = '/metrics', headers: Record<string, string> = {}) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    headers: { connection: 'close', ...headers },
  });
  return { status: response.status, text: await response.text() };
}

/** How many looks at its metrics the process behind this port has answered and counted. */
async function looksBefore(port: number): Promise<number> {
  const { text } = await scrape(port);
  const count = /^http_request_duration_seconds_count\{.*route="\/metrics",status="200"\} (\d+)$/m.exec(text);
  return Number(count?.[1] ?? 0);
}

/** Each answer is counted when it was sent, which its reader may know before. */
async function expectOwnCounters(first: number, second: number): Promise<void> {
  const [one, other] = [await looksBefore(first), await looksBefore(second)];
  for (let look = 1; look <= 6; look += 1)
    await expect.poll(() => looksBefore(first)).toBeGreaterThanOrEqual(one + look);
  const since = await looksBefore(second);
  expect(since - other, 'looks at the other process, as itself counts them').toBeLessThanOrEqual(1);
}

async function twoFreePorts(): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (port < 65_535 && (await isPortFree(port + 1, '127.0.0.1'))) return port;
  }
}

async function expectMetricsThroughDeploy(soaked: SoakedBackend, port: number): Promise<void> {
  await expectOwnCounters(port, port + 1);
  const proxied = { 'x-forwarded-for': '203.0.113.7' };
  expect((await scrape(port, '/metrics', proxied)).status).toBe(403);
  const authorization = `Bearer ${METRICS_TOKEN}`;
  expect((await scrape(port, '/metrics', { ...proxied, authorization })).status).toBe(200);
  expect((await scrape(port, '/me')).status).toBe(404);

  const before = ['api-1', 'api-2'].map((name) => soaked.pidOf(name));
  const over = new AbortController();
  const deployed = soaked.deploy().finally(() => over.abort());
  const statuses = new Set<number>();
  while (!over.signal.aborted) for (const each of [port, port + 1]) statuses.add((await scrape(each)).status);
  await deployed;
  expect([...statuses]).toEqual([200]);
  for (const [index, name] of ['api-1', 'api-2'].entries())
    expect(soaked.pidOf(name)).not.toBe(before[index]);
  await expectOwnCounters(port, port + 1);

  soaked.backend.signal('SIGTERM');
  expect(await soaked.backend.ended, soaked.backend.printed()).toEqual([0, null]);
}

describe('each API process has its own metrics at its own port, through a deploy,', () => {
  test('where they share one socket', { timeout: 120_000 }, async () => {
    const port = await twoFreePorts();
    const environment = { METRICS_PORT: String(port), METRICS_TOKEN };
    await using soaked = await startBackend(environment, { bots: false });
    await expectMetricsThroughDeploy(soaked, port);
  });

  test('where nginx is in front of them', { timeout: 300_000 }, async (context) => {
    const missing = await bringNginx();
    if (missing) context.skip(missing);
    const port = await twoFreePorts();
    const environment = { METRICS_PORT: String(port), METRICS_TOKEN, SILLY_FACE_NGINX: 'on' };
    await using soaked = await startBackend(environment, { bots: false });
    expect((await scrape(soaked.backend.port)).status).toBe(404);
    await expectMetricsThroughDeploy(soaked, port);
  });
});
