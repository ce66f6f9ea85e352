import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from 'node:http';
import { interleave } from '../harness/interleave.ts';
import { type Context, medianRow, type Row } from '../harness/row.ts';
import { now } from '../harness/now.ts';
import { each } from '../harness/each.ts';
import { get } from './get.ts';
import { drainers as names, type LibraryName } from './libraries.ts';
import { RunningApp } from './running-app.ts';

/** Long enough for no one to take the second signal for the first one's duplicate. */
const betweenMs = 700;
const limitMs = 1_000;

/** An operator who does not want to wait any longer. */
export async function measureSecondSignal({ quick, log }: Context): Promise<Row[]> {
  const rounds = quick ? 1 : 5;
  log(`graceful: ${rounds} second signals`);
  const exits = await interleave(
    each(names, (name) => () => insist(name)),
    rounds,
    each(names, () => async () => {}), // Every exit is of a new process.
  );
  return [
    medianRow(exits, {
      dimension: `from a second SIGTERM, a request in flight that never ends, to the end of the process (killed after ${limitMs} ms; who takes the first signal alone leaves the second to the system)`,
      unit: 'ms',
      better: 'lower',
      against: 'close-with-grace',
      goalValue: 20,
    }),
  ];
}

async function insist(library: LibraryName): Promise<number> {
  const agent = new Agent();
  await using app = await RunningApp.start(library);
  try {
    const never = get(app.port, Infinity, agent);
    await get(app.port, 20);
    app.terminate();
    await sleep(betweenMs);
    if (app.hasEnded) throw new Error(`${library} ended at the first signal, a request in flight`);
    const sentAt = now();
    app.terminate();
    const exitMs = (await app.end(limitMs)) - sentAt;
    if (await never) throw new Error(`${library} answered what never ends`);
    return exitMs;
  } finally {
    agent.destroy();
  }
}
