// The backend without bots, and its deploy by SIGHUP.
import { expect, test } from 'vitest';
import { startPostgres, waitUntil } from '@silly-face/testing';
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
    const backend = await runDemo(
      folders,
      { DATABASE_URL: postgres.connectionString, LOG_LEVEL: 'warn' },
      'main',
    );
    try {
      await waitUntil(() => backend.printed().includes('The API is at'), {
        what: 'the start',
        timeoutMs: 60_000,
      });
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
