import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Supervisor, type SupervisorOptions } from '@silly-face/supervisor';
import { freePort } from '@silly-face/testing';
import { nginxChildren } from '../../src/nginx/children.ts';
import { Membership } from '../../src/nginx/membership.ts';
import { partyWebSocket } from '../../src/nginx/upstreams.ts';
import { nginxInstalled, nginxService } from '../../src/services/nginx.ts';
import { processFile } from '../http/rig.ts';

export interface Front extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly supervisor: Supervisor;
  /** Why nginx was not told of other processes. */
  readonly failures: string[];
  /** What nginx printed. */
  readonly printed: () => string;
  accessLog(): Record<string, unknown>[];
  /** What nginx was told the last time. */
  configuration(): string;
  /** Of nginx itself, the parent of those that answer. */
  nginxPid(): number | undefined;
}

/** What a process behind nginx was sent. */
export interface Seen {
  pid: number;
  url: string;
  headers: Record<string, string>;
  bytes: number;
}

export async function seen(response: Response): Promise<Seen> {
  return (await response.json()) as Seen;
}

/** The real nginx in front of two processes that tell what they were sent, and of one that speaks something like WebSocket. */
export async function startFront(environment: Record<string, string> = {}): Promise<Front> {
  const folder = mkdtempSync(join(tmpdir(), 'front-'));
  chmodSync(folder, 0o755); // As root, nginx runs as somebody else.
  const installed = nginxInstalled({ ...process.env, ...environment }, { forced: true });
  if (!installed) throw new Error('Expected nginx to be there');
  const port = await freePort();
  const where = { host: '127.0.0.1', port, directory: join(folder, 'nginx') };
  mkdirSync(where.directory);
  const { plan } = await nginxService(installed, where);
  const script = fileURLToPath(new URL('echo.mjs', import.meta.url));
  const table: SupervisorOptions = {
    sockets: {
      web: { host: plan.address, port },
      'party-1': { host: '127.0.0.1', port: await freePort() },
      [partyWebSocket('party-1')]: { host: '127.0.0.1', port: await freePort() },
    },
    children: [
      {
        name: 'api',
        script,
        instances: 2,
        listen: { path: join(plan.folder, 'api.sock') },
        readiness: 'message',
      },
      { name: 'party-1', script, sockets: [partyWebSocket('party-1')], readiness: 'message' },
      ...nginxChildren(plan, {
        after: ['api'],
        configurationScript: processFile('nginx-configuration'),
      }),
    ],
  };
  const supervisor = new Supervisor(table);
  const failures: string[] = [];
  new Membership(table, plan).follow(supervisor, (reason) => failures.push(reason));
  let printed = '';
  supervisor.on('output', ({ child, line }) => (printed += `${child} | ${line}\n`));
  try {
    await supervisor.start();
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw error;
  }
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    supervisor,
    failures,
    printed: () => printed,
    accessLog: () =>
      readFileSync(join(plan.folder, 'access.log'), 'utf8')
        .trim()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    configuration: () => readFileSync(join(plan.folder, 'nginx.conf'), 'utf8'),
    nginxPid: () => supervisor.status().find(({ name }) => name === 'nginx')?.pid,
    async [Symbol.asyncDispose]() {
      await supervisor.stop();
      rmSync(folder, { recursive: true });
    },
  };
}
