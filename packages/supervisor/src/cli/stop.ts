import { setTimeout as sleep } from 'node:timers/promises';
import { nowMs } from '../clock.ts';
import { SupervisorError } from '../errors.ts';
import { processExists } from '../family/signal.ts';
import type { Call } from './command.ts';
import { tellProgress } from './requests.ts';

/** Stops a child, or the supervisor; then it is gone when this resolves. */
export async function stop(call: Call): Promise<void> {
  const [name] = call.words;
  if (name !== undefined) return void (await tellProgress(call, { command: 'stop', name }));
  const { supervisor } = await tellProgress(call, { command: 'stop' });
  await ended((supervisor as { pid: number }).pid);
}

async function ended(pid: number): Promise<void> {
  const deadline = nowMs() + END_LIMIT_MS;
  while (processExists(pid)) {
    if (nowMs() > deadline) {
      throw new SupervisorError(
        'CONTROL_FAILED',
        `The supervisor has stopped its children, but its process ${pid} goes on`,
      );
    }
    await sleep(10);
  }
}

const END_LIMIT_MS = 10_000;
