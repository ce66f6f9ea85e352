import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createPool } from '@silly-face/pg-pool-transactions';
import genericPool from 'generic-pool';
import { Client, Pool } from 'pg';
import { type Context, limitRow, type Row, totalRow } from '../harness/row.ts';
import { median } from '../harness/statistics.ts';

const callers = 20;

interface Candidate {
  ask(): Promise<unknown>;
  end(): unknown;
}

/** A database that is down: callers who ask again as soon as they are refused, for some time. */
export async function measureDown({ quick, log }: Context): Promise<Row[]> {
  const spellMs = quick ? 300 : 2_000;
  log(`pg: ${callers} callers ask a database that is down, for ${spellMs} ms`);
  const attempts: Record<string, number> = {};
  const cpuMs: Record<string, number> = {};
  const delaysMs: number[] = [];
  for (const [name, open] of Object.entries(candidates)) {
    await using server = await refuseEverybody();
    const candidate = open(server.port);
    const cpuBefore = process.cpuUsage();
    const until = performance.now() + spellMs;
    const call = async (): Promise<void> => {
      while (performance.now() < until) {
        const error: unknown = await Promise.race([
          candidate.ask().catch((reason: unknown) => reason),
          server.end(until),
        ]);
        if (name === 'ours' && error instanceof Error) delaysMs.push(performance.now() - server.refusedAt);
      }
    };
    await Promise.all(Array.from({ length: callers }, call));
    const { user, system } = process.cpuUsage(cpuBefore);
    attempts[name] = server.attempts;
    cpuMs[name] = (user + system) / 1_000;
    candidate.end();
  }
  const what = `a database that is down, ${callers} callers who ask again at once, ${spellMs} ms`;
  const against = 'pg-pool';
  const better = 'lower';
  return [
    // One, and then one for each wait of the backoff, which doubles from 50 ms to a second and varies by half.
    totalRow(attempts, {
      dimension: what,
      unit: 'attempts to connect',
      better,
      against,
      n: callers,
      goalTotal: 9,
    }),
    totalRow(cpuMs, {
      dimension: `${what}: CPU of the client`,
      unit: 'ms',
      better,
      against,
      n: callers,
      goalTotal: spellMs / 20,
    }),
    limitRow([median(delaysMs)], {
      dimension: `${what}: the refusal to our caller's answer`,
      unit: 'ms',
      better,
      limit: 5,
    }),
  ];
}

interface Refuser extends AsyncDisposable {
  readonly port: number;
  attempts: number;
  refusedAt: number;
  /** For callers whom nobody answers. */
  end(until: number): Promise<void>;
}

/** Closes every connection at once. */
async function refuseEverybody(): Promise<Refuser> {
  const server = createServer((socket) => {
    refuser.attempts++;
    socket.on('error', () => {});
    socket.on('close', () => {
      refuser.refusedAt = performance.now();
    });
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const refuser: Refuser = {
    port: (server.address() as AddressInfo).port,
    attempts: 0,
    refusedAt: 0,
    end: (until) => new Promise((resolve) => setTimeout(resolve, Math.max(0, until - performance.now()))),
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
  return refuser;
}

const candidates: Record<string, (port: number) => Candidate> = {
  ours(port) {
    const pool = createPool({ host: '127.0.0.1', port });
    return { ask: () => pool.query('select 1'), end: () => pool.drain() };
  },
  'pg-pool'(port) {
    const pool = new Pool({ host: '127.0.0.1', port });
    return { ask: () => pool.query('select 1'), end: () => pool.end() };
  },
  'generic-pool'(port) {
    const pool = genericPool.createPool(
      {
        async create() {
          const client = new Client({ host: '127.0.0.1', port });
          await client.connect();
          return client;
        },
        destroy: (client) => client.end(),
      },
      { max: 10 },
    );
    pool.on('factoryCreateError', () => {});
    let ended = false;
    const create = pool as unknown as { _createResource(): void };
    const original = create._createResource.bind(pool);
    // Nothing else ends its attempts while somebody waits.
    create._createResource = () => (ended ? undefined : original());
    return {
      ask: () => pool.acquire(),
      end() {
        ended = true;
      },
    };
  },
};
