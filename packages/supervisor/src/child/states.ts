/**
 * Where a child is in its life.
 *
 * ```
 * stopped ──▶ starting ──▶ ready ◀──▶ unhealthy        (one check failed; enough of them lead to stopping)
 *              ▲ │  ▲        │            │
 *  completed ◀─┴─┤  │        └─────┬──────┘
 *   (a task)     │  │        ended │  told to stop
 *                ▼  │              ▼             ▼
 *     failed ◀── backing off ◀── (ended) ◀── stopping ──▶ stopped
 * ```
 *
 * A task that is `completed`, or that `failed`, is `starting` again in a reload, which runs it once more.
 *
 * One that ends by itself while its supervisor stops, before its turn has come, is `stopped`.
 *
 * `ended` is not waited for when sockets are held: a process that is told to stop for being unhealthy or blocked is replaced at
 * once, `stopping` leads to `backing off` while it still ends. A spare that takes over goes the same way as a new process, only
 * faster.
 *
 * During a reload the child stays where it is, and comes from `ready` to `ready` when its process has been replaced. If the old
 * process is stopping or has ended before that, the child goes the way of any other end, and comes to `ready` from wherever it is
 * as soon as the replacement is ready. The same happens when a process with held sockets holds too much memory.
 */
export type ChildState = (typeof childStates)[number];

export const childStates = [
  'starting',
  'ready',
  'unhealthy',
  'stopping',
  'stopped',
  'backing off',
  'failed',
  'completed',
] as const;

const next: Readonly<Record<ChildState, readonly ChildState[]>> = {
  stopped: ['starting'],
  starting: ['ready', 'completed', 'stopping', 'stopped', 'backing off', 'failed'],
  ready: ['ready', 'starting', 'unhealthy', 'stopping', 'stopped', 'backing off', 'failed'],
  unhealthy: ['ready', 'starting', 'stopping', 'stopped', 'backing off', 'failed'],
  stopping: ['starting', 'ready', 'stopped', 'backing off', 'failed', 'completed'],
  'backing off': ['starting', 'ready', 'stopped'],
  failed: ['starting', 'ready'],
  completed: ['starting'],
};

/** It has a process that does its work, well or badly. */
export function isServing(state: ChildState): boolean {
  return state === 'ready' || state === 'unhealthy';
}

export function mayMove(from: ChildState, to: ChildState): boolean {
  return next[from].includes(to);
}
