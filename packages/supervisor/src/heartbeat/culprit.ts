import { aborted } from '../aborted.ts';
import { reasonOf } from '../errors.ts';
import type { BlockedFrame } from './call-frames.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { InspectorNotices } from './inspector-notices.ts';
import type { KernelState } from './kernel-state.ts';

/** What holds a blocked loop: the stack, or why there is none. */
export interface Culprit {
  readonly frames: readonly BlockedFrame[];
  readonly reason?: string;
}

/** A process of which nothing has been heard. */
export interface SilentProcess {
  readonly pid: number;
  readonly heartbeat: Heartbeat;
  readonly notices: InspectorNotices;
}

/**
 * Opens the inspector by SIGUSR1 and asks what the main thread does, which stays paused until `done` says that the process was
 * dealt with. It takes no longer than `limitMs`: a thread in native code does not answer.
 */
export async function findCulprit(
  { pid, heartbeat, notices }: SilentProcess,
  kernel: KernelState,
  limitMs: number,
  done: AbortSignal,
): Promise<Culprit> {
  const obstacle = heartbeat.obstacle ?? kernelObstacle(kernel);
  if (obstacle !== undefined) return { frames: [], reason: obstacle };
  const tooLate = AbortSignal.timeout(limitMs);
  try {
    notices.expect();
    process.kill(pid, 'SIGUSR1');
    // Few supervisors ever need it: it is loaded for them alone.
    const asker = import('./call-frames.ts');
    const answer = Promise.all([asker, notices.url]).then(([{ readCallFrames }, url]) =>
      readCallFrames(url, done),
    );
    const frames = await Promise.race([answer, abortOf(AbortSignal.any([tooLate, done]))]);
    return frames.length > 0
      ? { frames }
      : { frames, reason: 'its main thread was in no code but that of Node.js' };
  } catch (error) {
    const reason = tooLate.aborted
      ? `its main thread did not answer the inspector within ${limitMs} ms: it is in native code, or gets no processor`
      : `the inspector failed: ${reasonOf(error)}`;
    return { frames: [], reason };
  }
}

async function abortOf(signal: AbortSignal): Promise<never> {
  await aborted(signal);
  throw signal.reason;
}

/**
 * A system call that is interrupted by a signal may fail with EINTR, in the midst of the child's code; and the inspector gets no
 * answer while one lasts. Waiting for a futex, as `Atomics.wait` does, is the exception.
 */
function kernelObstacle({ waitsIn, isEndedBySigusr1 }: KernelState): string | undefined {
  if (process.platform === 'win32') return 'this system has no SIGUSR1';
  if (isEndedBySigusr1) return 'SIGUSR1 would end it instead of opening its inspector';
  if (waitsIn === undefined || waitsIn.includes('futex')) return undefined;
  return `its main thread waits in a system call (${waitsIn})`;
}
