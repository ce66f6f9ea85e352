// The backend without bots, and its deploy by SIGHUP.
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startPostgres, type TestPostgres, waitUntil } from '@silly-face/testing';
import { draw } from '../http/drawing.ts';
import { form, newAccount } from '../http/client.ts';
import { type Demo, demoFolders, runDemo } from './run-demo.ts';

/** The process ids of the API processes, by name. */
function apiProcesses(backend: Demo): Record<string, number> {
  const ready = backend.printed().matchAll(/(api-\d) \((\d+)\): ready/g);
  return Object.fromEntries([...ready].map(([, name, pid]) => [name, Number(pid)]));
}

test(
  'SIGHUP runs the migrations, then replaces each API process, and answers all the while',
  { timeout: 120_000 },
  async () => {
    await using postgres = await startPostgres();
    const folders = demoFolders();
    const backend = await startBackend(folders, postgres);
    try {
      await waitUntil(() => backend.printed().includes('The API is at'), START);
      const before = apiProcesses(backend);
      expect(Object.keys(before).toSorted()).toEqual(['api-1', 'api-2']);

      backend.signal('SIGHUP');
      // Not `/_health`: of a process that drains it is 503, which is how a load balancer learns of it.
      const statuses = new Set<number>();
      while (!/\n(Deployed|Not deployed)/.test(backend.printed())) {
        statuses.add(
          (await fetch(`http://127.0.0.1:${backend.port}/me`, { headers: { connection: 'close' } })).status,
        );
      }
      expect(backend.printed()).toContain('\nDeployed\n');
      expect([...statuses]).toEqual([401]);
      expect(backend.printed().match(/migrate.*: completed/g)).toHaveLength(2);
      const after = apiProcesses(backend);
      for (const name of ['api-1', 'api-2']) expect(after[name]).not.toBe(before[name]);
      // The services are not part of the release.
      expect(backend.printed().match(/s3 \(\d+\): ready/g)).toHaveLength(1);

      backend.signal('SIGTERM');
      expect(await backend.ended, backend.printed()).toEqual([0, null]);
      expect(backend.processes()).toEqual([]);
    } finally {
      for (const pid of backend.processes()) process.kill(pid, 'SIGKILL');
      folders.remove();
    }
  },
);

test(
  'a photo that is slow to arrive outlasts the process that it arrives at',
  { timeout: 120_000 },
  async () => {
    await using postgres = await startPostgres();
    const folders = demoFolders();
    const backend = await startBackend(folders, postgres);
    try {
      await waitUntil(() => backend.printed().includes('The API is at'), START);
      const upload = await slowUpload(`http://127.0.0.1:${backend.port}`);
      backend.signal('SIGHUP');
      const done = upload.sendSlowly(UPLOAD_MS);
      // Each has its successor at once; the old one with the upload goes on beside it.
      await waitUntil(() => backend.printed().match(/api-\d \(\d+\): ready/g)?.length === 4, {
        what: 'the successors',
        timeoutMs: 30_000,
      });
      expect(await done).toBe(201);
      await waitUntil(() => /\n(Deployed|Not deployed)/.test(backend.printed()), { what: 'the deploy' });
      expect(backend.printed()).toContain('\nDeployed\n');

      // Others that hold a connection are not waited for: the end comes within the time of this test.
      const idle = await idleConnections(backend.port);
      backend.signal('SIGTERM');
      expect(await backend.ended, backend.printed()).toEqual([0, null]);
      for (const socket of idle) socket.destroy();
    } finally {
      for (const pid of backend.processes()) process.kill(pid, 'SIGKILL');
      folders.remove();
    }
  },
);

/** Longer than a process waits for anything but what is under way. */
const UPLOAD_MS = 16_000;

/** A submission of which the server has the head, and waits for the rest. */
async function slowUpload(url: string): Promise<{ sendSlowly(durationMs: number): Promise<number> }> {
  const [anna, bert] = await Promise.all([newAccount(url, 'anna'), newAccount(url, 'bert')]);
  const { body: round } = await anna.post('/rounds', { opponentId: bert.id });
  const encoded = new Response(form({ face: 'Smug Cat', photo: await draw() }));
  const body = Buffer.from(await encoded.arrayBuffer());
  const asked = request(`${url}/rounds/${round.id}/submissions`, {
    method: 'POST',
    agent: false,
    headers: {
      authorization: `Bearer ${anna.token}`,
      'content-type': encoded.headers.get('content-type') ?? '',
      'content-length': body.length,
      'idempotency-key': 'slow',
      expect: '100-continue',
    },
  });
  asked.flushHeaders();
  await once(asked, 'continue');
  return {
    async sendSlowly(durationMs) {
      const answered = once(asked, 'response') as Promise<[IncomingMessage]>;
      answered.catch(() => {}); // Awaited below.
      const pieces = 2 * (durationMs / 1000);
      const length = Math.ceil(body.length / pieces);
      for (let at = 0; at < body.length; at += length) {
        await sleep(500);
        asked.write(body.subarray(at, at + length));
      }
      asked.end();
      const [answer] = await answered;
      answer.resume();
      return answer.statusCode ?? 0;
    },
  };
}

/** One that says nothing, one in the midst of a head, and one that was answered. */
async function idleConnections(port: number): Promise<Socket[]> {
  const head = 'GET /live HTTP/1.1\r\nhost: x\r\n';
  const sockets = ['', head, `${head}\r\n`].map((text) => {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    socket.write(text);
    return socket;
  });
  const [silent, , answered] = sockets as [Socket, Socket, Socket];
  await Promise.all([once(answered, 'data'), silent.connecting && once(silent, 'connect')]);
  return sockets;
}

function startBackend(
  folders: ReturnType<typeof demoFolders>,
  { connectionString }: TestPostgres,
): Promise<Demo> {
  return runDemo(folders, { DATABASE_URL: connectionString, LOG_LEVEL: 'warn' }, 'main');
}

const START = { what: 'the start', timeoutMs: 60_000 };
