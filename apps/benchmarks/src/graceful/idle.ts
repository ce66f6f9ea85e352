import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { interleave } from '../harness/interleave.ts';
import { type Context, medianRow, type Row, totalRow } from '../harness/row.ts';
import { each, sum } from '../harness/each.ts';
import type { IdleOrder, IdleOutcome } from './idle-client.ts';
import { drainers as names, type LibraryName } from './libraries.ts';
import { RunningApp } from './running-app.ts';

const racing = 50;
const limitMs = 3_000;

/** SIGTERM with thousands of idle kept-alive connections, a few of which are just being used. */
export async function measureIdle({ quick, log }: Context): Promise<Row[]> {
  const rounds = quick ? 1 : 5;
  const connections = Math.min(quick ? 1_000 : 5_000, openFilesLimit() - 500);
  log(`graceful: ${rounds} drains of ${connections} idle connections`);
  const drains = await interleave(
    each(names, (name) => () => drain(name, connections)),
    rounds,
    each(names, () => async () => {}), // Every drain is by a new process.
  );
  const what = `${connections} idle connections, ${racing} of them with a request at that moment`;
  return [
    medianRow(
      each(names, (name) => drains[name].map(({ exitMs }) => exitMs)),
      {
        dimension: `from SIGTERM to the end of the process: ${what} (killed after ${limitMs} ms)`,
        unit: 'ms',
        better: 'lower',
        against: 'http-terminator',
        goalValue: 300,
      },
    ),
    totalRow(
      each(names, (name) => sum(drains[name].map(({ lost }) => lost))),
      {
        dimension: 'of those requests, lost',
        unit: 'requests',
        better: 'lower',
        against: 'http-terminator',
        n: racing * rounds,
        goalTotal: 0,
      },
    ),
  ];
}

interface Drain {
  exitMs: number;
  lost: number;
}

async function drain(library: LibraryName, connections: number): Promise<Drain> {
  await using app = await RunningApp.start(library);
  const order: IdleOrder = { port: app.port, connections, racing };
  const client = fork(program, [JSON.stringify(order)]);
  const clientEnded = once(client, 'exit');
  const message = async <T>(): Promise<T> => {
    const ended = clientEnded.then(() => Promise.reject(new Error('The client of idle connections ended')));
    const [value] = (await Promise.race([once(client, 'message'), ended])) as [T];
    return value;
  };
  try {
    await message();
    client.send(app.pid);
    const outcome = message<IdleOutcome>();
    const endedAt = await app.end(limitMs);
    const { signalledAt, lost } = await outcome;
    return { exitMs: endedAt - signalledAt, lost };
  } finally {
    client.kill('SIGKILL');
    await clientEnded;
  }
}

const program = fileURLToPath(new URL('idle-client.js', import.meta.url));

/** Of this process, and so of those that it starts. */
function openFilesLimit(): number {
  const { userLimits } = process.report.getReport() as {
    userLimits?: { open_files?: { soft?: number | 'unlimited' } };
  };
  const soft = userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : Infinity;
}
