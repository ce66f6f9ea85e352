import { bringNginx, freePort, startNginx } from '@silly-face/testing';
import { each, sum } from '../harness/each.ts';
import { type Context, type Row, shareRow, totalRow } from '../harness/row.ts';
import { median } from '../harness/statistics.ts';
import type { Candidate } from './candidates/candidate.ts';
import { childOptions, ours } from './candidates/ours.ts';
import { pm2, type Pm2Options } from './candidates/pm2.ts';
import type { Verdicts } from './client/client.ts';
import { Clients } from './client/clients.ts';
import { serving } from './crash.ts';
import { type Program, webApplication } from './program.ts';

const names = ['ours', 'pm2 7 cluster', 'pm2 7 fork'] as const;
type Name = (typeof names)[number];

interface Outcome {
  kept: Verdicts;
  fresh: Verdicts;
}

interface Place {
  what: string;
  /** Undefined: the clients ask the application itself. */
  maxFails: number | undefined;
  /** To ours. */
  requests: number;
}

const direct: Place = { what: 'direct', maxFails: undefined, requests: 400_000 };
const behindNginx: Place[] = [
  { what: 'behind nginx with its max_fails=1 fail_timeout=10s', maxFails: 1, requests: 300_000 },
  { what: 'behind nginx with max_fails=0', maxFails: 0, requests: 300_000 },
];

/** One reload after the other under the load of strict clients, of an application that drains on SIGTERM and SIGINT. */
export async function measureReload({ quick, log }: Context): Promise<Row[]> {
  const missing = await bringNginx();
  if (missing !== undefined) log(`supervisor: no reload behind nginx: ${missing}`);
  const places = missing === undefined ? [direct, ...behindNginx] : [{ ...direct, requests: 1_000_000 }];
  const rows: Row[] = [];
  const everywhere: Outcome[][] = [];
  for (const place of places) {
    const outcomes = new Map<Name, Outcome>();
    for (const name of names) {
      const requests = name === 'ours' ? (quick ? 5_000 : place.requests) : quick ? 1_000 : 30_000;
      outcomes.set(name, await reloadUnderLoad(name, place, requests, log));
    }
    rows.push(...placeRows(place, (name) => outcomes.get(name) as Outcome));
    everywhere.push(names.map((name) => outcomes.get(name) as Outcome));
  }
  return [...rows, totalOf(everywhere)];
}

async function reloadUnderLoad(
  name: Name,
  { what, maxFails }: Place,
  requests: number,
  log: Context['log'],
): Promise<Outcome> {
  // One process behind each port; behind nginx two ports, where the supervisor does not share one itself.
  const ports = [await freePort()];
  if (maxFails !== undefined && name !== 'pm2 7 cluster') ports.push(await freePort());
  const leave: (() => Promise<void>)[] = [];
  try {
    const candidate = await start(name, ports.map(drainingApplication));
    leave.unshift(() => candidate.stop());
    for (const port of ports) await serving(port);
    let [port = 0] = ports;
    if (maxFails !== undefined) {
      const options = { upstreams: ports, maxFails, keepaliveTimeoutMs: UPSTREAM_KEEPALIVE_MS };
      const nginx = await startNginx(options);
      leave.unshift(() => nginx.stop());
      port = nginx.port;
    }
    const clients = new Clients(port);
    leave.unshift(() => clients.kill());
    const deadline = performance.now() + LIMIT_MS;
    const tookMs: number[] = [];
    while (tookMs.length === 0 || (clients.sent < requests && performance.now() < deadline)) {
      const start = performance.now();
      await candidate.reload();
      tookMs.push(performance.now() - start);
    }
    const outcome = await clients.stop();
    const times = `${median(tookMs).toFixed()} ms each, ${Math.max(...tookMs).toFixed()} at most`;
    log(`supervisor: ${tookMs.length} reloads by ${name} (${times}), ${what}: ${describe(outcome)}`);
    return outcome;
  } finally {
    for (const end of leave) await end();
  }
}

function start(name: Name, programs: Program[]): Promise<Candidate & { reload(): Promise<unknown> }> {
  if (name === 'ours') {
    return ours({
      sockets: Object.fromEntries(
        programs.map(({ name, env }) => [name, { host: '127.0.0.1', port: Number(env?.['PORT']) }]),
      ),
      children: programs.map((program) => ({
        ...childOptions(program),
        sockets: [program.name],
        readiness: 'message',
      })),
    });
  }
  const options: Pm2Options = { wait_ready: true, listen_timeout: 5_000, kill_timeout: 5_000 };
  return pm2(
    programs,
    name === 'pm2 7 cluster' ? { ...options, exec_mode: 'cluster', instances: 2 } : options,
  );
}

function drainingApplication(port: number, index: number): Program {
  return {
    ...webApplication(port, { IDLE_GRACE_MS: String(UPSTREAM_KEEPALIVE_MS + 300) }),
    name: `app-${index + 1}`,
  };
}

const UPSTREAM_KEEPALIVE_MS = 500;
const LIMIT_MS = 300_000;

const row = { unit: 'per 10,000', per: 10_000, better: 'lower', against: 'pm2 7 cluster', goal: 0 } as const;

function placeRows({ what }: Place, outcome: (name: Name) => Outcome): Row[] {
  return (['kept', 'fresh'] as const).map((connections) =>
    shareRow(
      each(names, (name) => shareOf(outcome(name)[connections])),
      { dimension: `reload after reload, ${what}, ${connections} connections: requests lost`, ...row },
    ),
  );
}

function shareOf({ sent, lost }: Verdicts): { count: number; of: number } {
  return { count: lost, of: sent };
}

function totalOf(everywhere: Outcome[][]): Row {
  const verdicts = (name: Name): Verdicts[] =>
    everywhere
      .flatMap((outcomes) => outcomes[names.indexOf(name)] ?? [])
      .flatMap(({ kept, fresh }) => [kept, fresh]);
  return totalRow(
    each(names, (name) => sum(verdicts(name).map(({ sent, lost }) => sent - lost))),
    {
      dimension: 'reload after reload: requests answered in all these places (the rivals were sent fewer)',
      unit: 'requests',
      better: 'higher',
      against: 'pm2 7 cluster',
      n: sum(verdicts('ours').map(({ sent }) => sent)),
      goalTotal: 1_000_000,
    },
  );
}

function describe({ kept, fresh }: Outcome): string {
  return [kept, fresh]
    .map(({ sent, lost, losses }, index) => {
      const how = Object.entries(losses).map(([kind, count]) => `${count} × ${kind}`);
      const of = index === 0 ? 'kept' : 'fresh';
      return `${of} ${lost} of ${sent} lost${how.length > 0 ? ` (${how.join(', ')})` : ''}`;
    })
    .join(', ');
}
