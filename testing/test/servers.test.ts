import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import {
  bringCeph,
  bringNginx,
  descendants,
  isAlive,
  startCeph,
  startNginx,
  waitUntil,
} from '@silly-face/testing';

let missing: { ceph: string | undefined; nginx: string | undefined };
beforeAll(async () => {
  missing = { ceph: await bringCeph(), nginx: await bringNginx() };
}, 300_000);

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'testing-'));
  chmodSync(directory, 0o777); // Not only for us.
  vi.stubEnv('TMPDIR', directory);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

/** Starts a server in a process of its own, which is then killed, and waits for the end of all that was started. */
async function endOfKilled(code: string): Promise<void> {
  const program = `import { startCeph, startNginx } from '@silly-face/testing'; ${code}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const closed = once(child, 'close');
  const [endpoint] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  expect((await fetch(endpoint)).status).toBeLessThan(600);
  const servers = descendants(child.pid as number);
  expect(servers.length).toBeGreaterThan(0);
  child.kill('SIGKILL');
  await closed;
  await waitUntil(() => !servers.some(isAlive), { what: `the end of ${servers.join(' and ')}` });
}

test('a Ceph answers, and leaves nothing when it is stopped', async (context) => {
  if (missing.ceph) context.skip(missing.ceph);
  const ceph = await startCeph();
  expect(await (await fetch(ceph.endpoint)).text()).toContain('ListAllMyBucketsResult');
  await ceph.stop();
  expect(readdirSync(directory)).toEqual([]);
  expect(descendants(process.pid)).toEqual([]);
});

test('a Ceph that cannot start says why, and leaves nothing', async (context) => {
  if (missing.ceph) context.skip(missing.ceph);
  const programs = mkdtempSync(join(directory, 'programs-'));
  writeFileSync(join(programs, 'radosgw'), '#!/bin/sh\necho out of order >&2; exit 3', { mode: 0o755 });
  vi.stubEnv('PATH', `${programs}:${process.env['PATH']}`);
  await expect(startCeph()).rejects.toThrow(
    /^Start Ceph: radosgw: it ended with 3\n[^]*radosgw: out of order$/,
  );
  rmSync(programs, { recursive: true });
  expect(readdirSync(directory)).toEqual([]);
  expect(descendants(process.pid)).toEqual([]);
});

test('a Ceph ends with its process, however that ends', async (context) => {
  if (missing.ceph) context.skip(missing.ceph);
  const end = endOfKilled('console.log((await startCeph()).endpoint);');
  await expect(end).resolves.toBeUndefined();
});

test('an nginx leads to its upstreams, and leaves nothing when it is stopped', async (context) => {
  if (missing.nginx) context.skip(missing.nginx);
  const servers = ['one', 'two'].map((word) => createServer((_, response) => response.end(word)).listen(0));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const nginx = await startNginx({
    upstreams: servers.map((server) => (server.address() as AddressInfo).port),
  });
  const words = [await fetch(nginx.endpoint), await fetch(nginx.endpoint)].map((answer) => answer.text());
  expect((await Promise.all(words)).toSorted()).toEqual(['one', 'two']);
  await nginx.stop();
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  expect(readdirSync(directory)).toEqual([]);
  expect(descendants(process.pid)).toEqual([]);
});

test('an nginx that cannot start says why, and leaves nothing', async (context) => {
  if (missing.nginx) context.skip(missing.nginx);
  const starting = startNginx({ upstreams: [] });
  await expect(starting).rejects.toThrow(
    /^Start nginx: nginx: it ended with 1\n[^]*no servers are inside upstream/,
  );
  expect(readdirSync(directory)).toEqual([]);
});

test('an nginx ends with its process, however that ends, also that of an ordinary user', async (context) => {
  if (missing.nginx) context.skip(missing.nginx);
  const end = endOfKilled(`
    if (process.getuid() === 0) process.setgroups([]), process.setgid(65_534), process.setuid(65_534);
    console.log((await startNginx({ upstreams: [1] })).endpoint);`);
  await expect(end).resolves.toBeUndefined();
});
