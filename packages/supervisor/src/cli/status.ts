import type { ChildStatus } from '../child/status.ts';
import { ask } from '../control/client.ts';
import type { SupervisorStatus } from '../observation/supervisor-status.ts';
import type { Call } from './command.ts';
import { findSocket } from './find-socket.ts';
import { duration, mebibytes, millis } from './quantities.ts';
import { stateColors, table, type Cell } from './table.ts';

/** As they come through the socket: dates are texts. */
type Sent<T> = {
  readonly [K in keyof T]: T[K] extends Date
    ? string
    : T[K] extends Date | undefined
      ? string | undefined
      : T[K];
};

export async function showStatus(call: Call): Promise<void> {
  const answer = await ask(await findSocket(call), { command: 'status' });
  const { supervisor, children } = answer as unknown as {
    supervisor: Sent<SupervisorStatus>;
    children: Sent<ChildStatus>[];
  };
  if (call.options['json'] === true) {
    process.stdout.write(`${JSON.stringify({ supervisor, children }, undefined, 2)}\n`);
    return;
  }
  const { pid, version, nodeVersion, since, rssBytes } = supervisor;
  process.stdout.write(
    `supervisor ${pid}, version ${version}, Node.js ${nodeVersion}, up ${age(since)}, ${mebibytes(rssBytes)}\n`,
  );
  if (children.length > 0) process.stdout.write(table(header, children.map(row)));
}

const header = [
  'NAME',
  'STATE',
  'PID',
  'PORT',
  'RESTARTS',
  'HEALTH',
  'RSS',
  'CPU',
  'LOOP LAG',
  'UPTIME',
  'SPARE',
];

function row(child: Sent<ChildStatus>): Cell[] {
  const {
    name,
    state,
    pid,
    port,
    restarts,
    healthLatencyMs,
    rssBytes,
    cpuSeconds,
    loopLagMs,
    readyAt,
    spare,
  } = child;
  return [
    name,
    { text: state, color: stateColors[state] },
    pid,
    port,
    restarts,
    millis(healthLatencyMs),
    mebibytes(rssBytes),
    cpuSeconds === undefined ? undefined : `${cpuSeconds.toFixed(1)} s`,
    millis(loopLagMs),
    readyAt === undefined || pid === undefined ? undefined : age(readyAt),
    spare ? 'yes' : undefined,
  ];
}

function age(since: string): string {
  return duration(Date.now() - Date.parse(since));
}
