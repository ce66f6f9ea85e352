import type { ChildOptions, Readiness, RestartOptions } from './options.ts';

export const restartDefaults: Required<RestartOptions> = {
  initialDelayMs: 100,
  maxDelayMs: 30_000,
  jitter: 0.5,
  resetAfterMs: 10_000,
  maxRestarts: 10,
  windowMs: 60_000,
};

export function defaultReadiness(options: ChildOptions): Readiness {
  if (options.healthCheck) return 'health-check';
  return options.script !== undefined && inheritsSockets(options) ? 'listening' : 'spawn';
}

export function inheritsSockets({ sockets = [], listen, ownSockets = {} }: ChildOptions): boolean {
  return listen !== undefined || sockets.length > 0 || Object.keys(ownSockets).length > 0;
}

/**
 * Two processes can serve at the same time behind a held socket; but a health check may be answered by either of them, and says
 * nothing about the new one.
 */
export function canOverlap(sockets: readonly unknown[], readiness: Readiness): boolean {
  return sockets.length > 0 && readiness !== 'health-check' && readiness !== 'spawn';
}
