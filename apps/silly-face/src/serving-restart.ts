import type { RestartOptions } from '@silly-face/supervisor';

/**
 * Of the processes that serve: one that some request crashes every second serves in between, and is there again at once. Only after
 * a hundred crashes in three minutes is one given up, or when it does not come up for about two.
 */
export const SERVING_RESTART: RestartOptions = {
  resetAfterMs: 500,
  maxDelayMs: 1_000,
  maxRestarts: 100,
  windowMs: 180_000,
};
