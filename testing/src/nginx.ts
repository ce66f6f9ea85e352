import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@silly-face/postgres-local';
import { certificate } from './certificate.ts';
import { ChildServer } from './child-server.ts';
import { bringDebianPackage } from './debian.ts';

export interface NginxOptions {
  /** Ports of 127.0.0.1 that the requests go to, over connections that are kept. */
  upstreams: readonly number[];
  /** Whether nginx takes the whole request before it asks an upstream. @default true */
  requestBuffering?: boolean;
  /** What is larger is answered 413; 0 is no limit. @default 0 */
  maxBodyBytes?: number;
  /** How long an upstream may be silent before it is answered 504. @default 60_000 */
  upstreamTimeoutMs?: number;
  /** How long a connection to an upstream is kept without a request. @default 60_000 */
  keepaliveTimeoutMs?: number;
  /** When the next upstream is asked: the words of `proxy_next_upstream`. @default 'error timeout' */
  nextUpstream?: string;
  /** After how many failures an upstream is left out for a while; 0 is never. @default 1 */
  maxFails?: number;
  /** With the certificate of the tests. @default false */
  tls?: boolean;
}

export interface Nginx extends AsyncDisposable {
  port: number;
  endpoint: string;
  /** Of its first process, the parent of the others. */
  pid: number;
  /** Ends it at once; nothing stays. */
  stop(): Promise<void>;
}

// It is not on everybody's PATH.
const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` };

/** Brings nginx as `bringDebianPackage` does: undefined when it is there, else why it is not. */
export function bringNginx(): Promise<string | undefined> {
  return bringDebianPackage('nginx', () => spawnSync('nginx', ['-v'], { env }).status === 0);
}

/** An nginx on 127.0.0.1 in front of one server or several, with a folder of its own. */
export async function startNginx(options: NginxOptions): Promise<Nginx> {
  const directory = mkdtempSync(join(tmpdir(), 'silly-face-nginx-'));
  const port = await freePort();
  const file = join(directory, 'nginx.conf');
  writeFileSync(file, configuration(directory, port, options));
  // At SIGKILL its workers would outlive it.
  const server = new ChildServer({ command: 'nginx', args: ['-c', file], env, endSignal: 'SIGTERM' });
  const stop = async (): Promise<void> => {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await ChildServer.untilReady([server], () => listens(port), { what: `nginx to listen on port ${port}` });
  } catch (error) {
    await stop();
    throw new Error(`Start nginx: ${(error as Error).message}\n${ChildServer.lastWords([server])}`, {
      cause: error,
    });
  }
  const endpoint = `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`;
  return { port, endpoint, pid: server.pid as number, stop, [Symbol.asyncDispose]: stop };
}

function configuration(directory: string, port: number, options: NginxOptions): string {
  const {
    upstreams,
    requestBuffering = true,
    maxBodyBytes = 0,
    upstreamTimeoutMs = 60_000,
    keepaliveTimeoutMs = 60_000,
    nextUpstream = 'error timeout',
    maxFails = 1,
    tls = false,
  } = options;
  const path = (name: string): string => join(directory, name);
  if (tls) {
    writeFileSync(path('key.pem'), certificate.key, { mode: 0o600 });
    writeFileSync(path('certificate.pem'), certificate.cert);
  }
  return `daemon off;
${process.getuid?.() === 0 ? 'user root root; # Others could not enter this folder.' : ''}
worker_processes 1;
pid ${path('nginx.pid')};
error_log stderr warn;
events { worker_connections 1024; }
http {
  access_log off;
  ${temporaryPaths.map((name) => `${name}_temp_path ${path(name)};`).join('\n  ')}
  upstream servers {
    ${upstreams.map((upstream) => `server 127.0.0.1:${upstream} max_fails=${maxFails};`).join('\n    ')}
    keepalive 32;
    keepalive_timeout ${keepaliveTimeoutMs}ms;
  }
  server {
    listen 127.0.0.1:${port}${tls ? ' ssl' : ''};
    ${tls ? `ssl_certificate ${path('certificate.pem')};\n    ssl_certificate_key ${path('key.pem')};` : ''}
    client_max_body_size ${maxBodyBytes};
    location / {
      # Without a path behind it the request's own goes on as it came, byte for byte.
      proxy_pass http://servers;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Connection "";
      proxy_request_buffering ${requestBuffering ? 'on' : 'off'};
      proxy_next_upstream ${nextUpstream};
      proxy_read_timeout ${upstreamTimeoutMs}ms;
    }
  }
}
`;
}

const temporaryPaths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
