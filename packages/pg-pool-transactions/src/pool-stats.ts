/** What a pool has and does at the moment. */
export interface PoolStats {
  readonly max: number;
  /** Open connections, borrowed or idle. */
  readonly open: number;
  readonly idle: number;
  readonly borrowed: number;
  /** Attempts to connect that are under way. */
  readonly connecting: number;
  /** Callers that wait for a client. */
  readonly waiting: number;
}
