import { execFile, spawnSync } from 'node:child_process';
import type { ExecFileException } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '@silly-face/postgres-local';
import { ChildServer } from './child-server.ts';
import { bringDebianPackage } from './debian.ts';

export interface Ceph extends AsyncDisposable {
  /** Of its radosgw, which speaks S3. */
  endpoint: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
  /** Ends all of it; nothing stays. */
  stop(): Promise<void>;
}

/** Brings Ceph as `bringDebianPackage` does: undefined when it is there, else why it is not. About 40 s when it has to come. */
export function bringCeph(): Promise<string | undefined> {
  return bringDebianPackage(
    ['radosgw', 'ceph-mon', 'ceph-osd', 'ceph-common'],
    () =>
      spawnSync('sh', ['-c', programs.map((program) => `command -v ${program}`).join(' && ')]).status === 0,
  );
}

const programs = [
  'ceph-authtool',
  'ceph-mon',
  'ceph-osd',
  'monmaptool',
  'osdmaptool',
  'radosgw',
  'radosgw-admin',
];

/**
 * A throwaway Ceph on 127.0.0.1: one monitor, one OSD that keeps everything in memory, and a radosgw with one user. It has its
 * maps and its keys before the first process runs, so nothing has to be asked of the cluster, and is ready in about 2 s.
 */
export async function startCeph(): Promise<Ceph> {
  const directory = mkdtempSync(join(tmpdir(), 'silly-face-ceph-'));
  const servers: ChildServer[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const ports = { mon: await freePort(), radosgw: await freePort() };
    const env = { ...process.env, CEPH_CONF: join(directory, 'ceph.conf'), CEPH_ARGS: '' };
    const run = (command: string, ...args: string[]): Promise<string> => runTool(command, args, env);
    const serve = (command: string, ...args: string[]): void => {
      servers.push(new ChildServer({ command, args: ['-d', ...args], env, endSignal: 'SIGKILL' }));
    };
    await prepare(directory, ports, run);
    serve('ceph-mon', '-i', 'a');
    await run('ceph-osd', '--mkfs', '-i', '0'); // It asks the monitor.
    serve('ceph-osd', '-i', '0');
    serve('radosgw', '-n', 'client.admin');
    const endpoint = `http://127.0.0.1:${ports.radosgw}`;
    await ChildServer.untilReady(servers, () => answers(endpoint), { what: 'radosgw to answer' });
    const credentials = { accessKeyId: 'AKIDCEPH', secretAccessKey: 'a secret/with+signs' };
    const { accessKeyId, secretAccessKey } = credentials;
    const keys = ['--access-key', accessKeyId, '--secret-key', secretAccessKey];
    await run('radosgw-admin', 'user', 'create', '--uid', 'tester', '--display-name', 'tester', ...keys);
    return { endpoint, credentials, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw new Error(`Start Ceph: ${(error as Error).message}\n${ChildServer.lastWords(servers)}`, {
      cause: error,
    });
  }
}

async function prepare(
  directory: string,
  ports: { mon: number; radosgw: number },
  run: (command: string, ...args: string[]) => Promise<string>,
): Promise<void> {
  const path = (name: string): string => join(directory, name);
  for (const name of ['mon', 'osd', 'radosgw']) mkdirSync(path(name));
  const fsid = randomUUID();
  writeFileSync(path('ceph.conf'), configuration(directory, fsid, ports));
  const key = (await run('ceph-authtool', '--gen-print-key')).trim();
  writeFileSync(path('keyring'), keyring(key), { mode: 0o600 });
  const monitor = ['--addv', 'a', `[v2:127.0.0.1:${ports.mon}]`];
  await run('monmaptool', '--create', '--enable-all-features', '--fsid', fsid, ...monitor, path('monmap'));
  await run('osdmaptool', '--createsimple', '1', path('osdmap'));
  const maps = ['--monmap', path('monmap'), '--osdmap', path('osdmap')];
  await run('ceph-mon', '--mkfs', '-i', 'a', ...maps, '--keyring', path('keyring'));
}

/** They all share one key: whoever may read this folder may do everything anyway. */
const keyring = (key: string): string =>
  ['mon.', 'client.admin', 'osd.0']
    .map((name) => `[${name}]\nkey = ${key}\ncaps mon = "allow *"\ncaps osd = "allow *"\n`)
    .join('');

function configuration(directory: string, fsid: string, ports: { mon: number; radosgw: number }): string {
  return `[global]
fsid = ${fsid}
mon host = [v2:127.0.0.1:${ports.mon}]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
keyring = ${directory}/keyring
auth allow insecure global id reclaim = false
mon data = ${directory}/mon
osd data = ${directory}/osd
rgw data = ${directory}/radosgw
run dir = ${directory}
admin socket =
log file =
pid file =
# Each pool that radosgw makes would wait a second or two for the next round.
paxos propose interval = 0.01
# How full the disk is does not matter: there is nothing on it.
mon data avail warn = 0
mon data avail crit = 0
mon allow pool size one = true
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pg autoscale mode = off
osd objectstore = memstore
memstore device bytes = 8589934592
osd crush update on start = false
osd class update on start = false
[client]
rgw frontends = beast endpoint=127.0.0.1:${ports.radosgw}
rgw enable ops log = false
rgw enable usage log = false
rgw run sync thread = false
rgw thread pool size = 64
`;
}

async function runTool(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  try {
    const limits = { timeout: LIMIT_MS, killSignal: 'SIGKILL' } as const;
    return (await promisify(execFile)(command, args, { env, ...limits })).stdout;
  } catch (error) {
    const { killed } = error as ExecFileException;
    throw killed ? new Error(`${command} did not end within ${LIMIT_MS} ms`, { cause: error }) : error;
  }
}

const LIMIT_MS = 60_000;

const answers = (endpoint: string): Promise<boolean> =>
  fetch(endpoint, { signal: AbortSignal.timeout(5_000) }).then(
    async (answer) => (await answer.text()) !== '',
    () => false,
  );
