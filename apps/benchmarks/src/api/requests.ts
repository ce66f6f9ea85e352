import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, runPostgres } from '@silly-face/postgres-local';
import { Client } from 'pg';
import { each } from '../harness/each.ts';
import { interleave } from '../harness/interleave.ts';
import { type Context, medianRow, type Row } from '../harness/row.ts';
import { requestsPerSecond } from './load.ts';
import { makeRounds, type Seat } from './rounds.ts';
import { migrate, type Name, names, type Running, running } from './running.ts';
import { sameStatements } from './same-statements.ts';

interface Kind {
  readonly what: string;
  readonly goalRatio: number;
  readonly status: number;
  readonly request: (seat: Seat) => string;
}

const connections = 32;

export function measureRead(context: Context): Promise<Row[]> {
  return measure(context, {
    what: 'a read, GET /rounds/:id with its session',
    goalRatio: 0.8,
    status: 200,
    request: (seat) => `GET /rounds/${seat.round} HTTP/1.1\r\n${headers(seat)}\r\n`,
  });
}

export function measureMove(context: Context): Promise<Row[]> {
  let key = 0;
  const body = JSON.stringify({ text: 'Never in your life is that a cat!' });
  return measure(context, {
    what: 'a move, POST /rounds/:id/taunts with its session and its Idempotency-Key',
    goalRatio: 0.7,
    status: 201,
    request: (seat) =>
      `POST /rounds/${seat.round}/taunts HTTP/1.1\r\n${headers(seat)}Idempotency-Key: key-${++key}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  });
}

/** As a proxy sends it on. */
function headers({ address, token }: Seat): string {
  return `Host: localhost\r\nX-Forwarded-For: ${address}\r\nAuthorization: Bearer ${token}\r\n`;
}

async function measure({ quick, log }: Context, kind: Kind): Promise<Row[]> {
  const [rounds, roundMs] = quick ? [1, 500] : [11, 1500];
  log(`api: ${rounds} rounds of ${roundMs} ms of ${kind.what}, to ${names.length} servers`);
  const directory = mkdtempSync(join(tmpdir(), 'bench-api-'));
  chmodSync(directory, 0o755); // As root the server runs as another user.
  const server = await runPostgres({
    directory,
    port: await freePort(),
    source: 'embedded',
    // The disk is not what is measured.
    settings: {
      fsync: 'off',
      synchronous_commit: 'off',
      shared_preload_libraries: 'pg_stat_statements',
    },
  });
  const apps = new Map<Name, Running>();
  const client = new Client(server.connectionString);
  try {
    await migrate(server.connectionString);
    await client.connect();
    const seats = await makeRounds(client, connections);
    for (const name of names) apps.set(name, await running[name](server.connectionString));
    const load = (name: Name, durationMs: number): Promise<number> =>
      requestsPerSecond({
        port: (apps.get(name) as Running).port,
        durationMs,
        connections,
        status: kind.status,
        next: (index) => kind.request(seats[index] as Seat),
      });
    await sameStatements(
      client,
      each(names, (name) => () => load(name, 1000)),
    );
    const rates = await interleave(
      each(names, (name) => () => load(name, roundMs)),
      rounds,
    );
    return [
      medianRow(rates, {
        dimension: `requests/s over ${connections} kept-alive connections: ${kind.what}`,
        unit: 'requests/s',
        better: 'higher',
        against: 'bare fastify and pg-pool',
        goalRatio: kind.goalRatio,
      }),
    ];
  } finally {
    await client.end();
    for (const app of apps.values()) await app.stop();
    await server.stop();
    rmSync(directory, { recursive: true });
  }
}
