import { Agent } from 'node:http';
import { interleave } from '../harness/interleave.ts';
import { type Context, medianRow, type Row, totalRow } from '../harness/row.ts';
import { now } from '../harness/now.ts';
import { each, sum } from '../harness/each.ts';
import { get } from './get.ts';
import { drainers as names, type LibraryName } from './libraries.ts';
import { RunningApp } from './running-app.ts';

const requests = 200;
/** For those that wait until the client closes its connections, which it does not. */
const limitMs = 2_000;

/** SIGTERM with requests in flight on kept-alive connections. */
export async function measureInFlight({ quick, log }: Context): Promise<Row[]> {
  const rounds = quick ? 1 : 7;
  log(`graceful: ${rounds} drains of ${requests} requests in flight`);
  const drains = await interleave(
    each(names, (name) => () => drain(name)),
    rounds,
    each(names, () => async () => {}), // Every drain is by a new process.
  );
  return [
    medianRow(
      each(names, (name) => drains[name].map(({ exitMs }) => exitMs)),
      {
        dimension: `from the last of ${requests} answers in flight to the end of the process (killed after ${limitMs} ms)`,
        unit: 'ms',
        better: 'lower',
        against: 'http-terminator',
        goalValue: 15,
      },
    ),
    totalRow(
      each(names, (name) => sum(drains[name].map(({ lost }) => lost))),
      {
        dimension: 'of those requests, lost',
        unit: 'requests',
        better: 'lower',
        against: 'node:http close',
        n: requests * rounds,
        goalTotal: 0,
      },
    ),
  ];
}

interface Drain {
  /** From the last answer to the end of the process. */
  exitMs: number;
  lost: number;
}

async function drain(library: LibraryName): Promise<Drain> {
  const agent = new Agent({ keepAlive: true, maxSockets: requests });
  await using app = await RunningApp.start(library);
  try {
    // Each connection has been used before, as those of a proxy.
    await Promise.all(Array.from({ length: requests }, () => get(app.port, 0, agent)));
    const inFlight = Array.from({ length: requests }, () => get(app.port, 600, agent));
    // A request that is answered after all the others were sent: they have arrived.
    await get(app.port, 50);
    app.terminate();
    const answers = await Promise.all(inFlight);
    const answeredAt = now();
    const lost = answers.filter((answered) => !answered).length;
    return { exitMs: (await app.end(limitMs)) - answeredAt, lost };
  } finally {
    agent.destroy();
  }
}
