/** How long a request with its photo may take to arrive. */
export const REQUEST_TIMEOUT_MS = 120_000;

/** Announced to clients, who close an idle connection before: so a drain that waits this long cuts nobody off. */
export const KEEP_ALIVE_MS = 4000;

/** How long a drain waits for connections that are idle. */
export const IDLE_GRACE_MS = KEEP_ALIVE_MS + 500;

/**
 * How long a drain waits for requests under way: also for one that has only begun to arrive and takes all of its time, and then
 * for its answer. Nobody else is waited for so long.
 */
export const DRAIN_MS = REQUEST_TIMEOUT_MS + 10_000;

/** After the drain what the requests have used is closed, in two steps of five seconds at most, and the log is written. */
export const STOP_MS = DRAIN_MS + 15_000;
