/*
 * Where the party processes are, who owns which room, and what a room needs to come back.
 *
 * A process lives as long as it renews its lease. A room has an owner and a fence, a number that rises with each change of
 * owner and never falls: what is written to a room carries the fence, and whoever was overtaken is refused. So is another owner
 * with the same fence, since a store that has lost its memory gives fences again. Time is the store's.
 */

export interface Address {
  /** As clients reach it, not as it is bound. */
  readonly host: string;
  readonly port: number;
  /** Where browsers connect, as `ws://…` or `wss://…`. */
  readonly webSocketUrl: string;
}

export interface Load {
  readonly rooms: number;
  readonly connections: number;
}

export interface NewProcess extends Address {
  /** Of this one run of the process: a successor on the same port has another. */
  readonly id: string;
}

export interface PartyProcess extends NewProcess, Load {
  /** When it checked in: milliseconds since 1970, by the store's clock. */
  readonly startedAt: number;
  /** It gets no rooms any more. */
  readonly draining: boolean;
}

export interface Claim {
  readonly room: string;
  readonly fence: number;
  readonly owner: PartyProcess;
}

/** What whoever writes to a room shows. A claim is one. */
export interface Hold {
  readonly room: string;
  readonly fence: number;
  readonly owner: { readonly id: string };
}

/** The whole of a room after the event with this number. `state` is JSON. */
export interface Snapshot {
  readonly seq: number;
  readonly state: unknown;
}

/** `event` is JSON. Numbers rise, and may leave gaps. */
export interface LogEntry {
  readonly seq: number;
  readonly event: unknown;
}

export interface Append extends Hold {
  readonly entries: readonly LogEntry[];
}

export interface Seat {
  readonly room: string;
  readonly player: { readonly id: string; readonly name: string };
}

export interface LocateOptions {
  /** Who gets the room when nobody who is alive has it. Without it: the least loaded process that is not draining. */
  readonly to?: string;
  /** The fence is higher than this one, also in a store that has lost its memory. */
  readonly aboveFence?: number;
  /** Only a room that was there before. @default false */
  readonly mustExist?: boolean;
}

/** Each method throws `DirectoryError`, with `directory-unavailable` when the store does not answer in time. */
export interface Directory {
  /** Begins the lease. A process with the same id is replaced. */
  checkIn(process: NewProcess): Promise<void>;
  /** Renews the lease. @throws `process-expired`: check in again. */
  heartbeat(id: string, load: Load): Promise<void>;
  /** From now on it gets no rooms. Its lease goes on. */
  drain(id: string): Promise<void>;
  /** Ends its lease now, whoever asks: its rooms are free. */
  expel(id: string): Promise<void>;
  /** Those with a lease, draining ones included. */
  processes(): Promise<PartyProcess[]>;

  /** Who owns the room; one without a living owner gets one. @throws `no-process`, `no-room` */
  locate(room: string, options?: LocateOptions): Promise<Claim>;
  /** Gives the room, whole as it stands in the snapshot, to another process. @throws `fence-lost`, `process-expired` (that one's) */
  handOver(hold: Hold, to: string, snapshot: Snapshot): Promise<Claim>;
  /** As `handOver` to nobody: the next who asks gets it. @throws `fence-lost` */
  release(hold: Hold, snapshot: Snapshot): Promise<void>;
  /** The room is over: nothing of it is kept but its fence, for a while. @throws `fence-lost` */
  close(hold: Hold): Promise<void>;

  /** All in one trip. For each: whether it was written, or the fence is lost. */
  append(batch: readonly Append[]): Promise<('written' | 'fence-lost')[]>;
  /** Takes the place of the log up to its number. @throws `fence-lost` */
  saveSnapshot(hold: Hold, snapshot: Snapshot): Promise<void>;
  /** Takes the place of all that was kept, also of what is newer. @throws `fence-lost` */
  replace(hold: Hold, snapshot: Snapshot): Promise<void>;
  /** The newest snapshot and what was logged after it, in order. @throws `fence-lost` */
  load(hold: Hold): Promise<{ snapshot: Snapshot | undefined; log: LogEntry[] }>;

  /** A token for one use within `ttlMs`; kept as a hash. */
  issueSeat(seat: Seat, ttlMs: number): Promise<string>;
  /** Undefined: never issued, used, or too late. */
  redeemSeat(token: string): Promise<Seat | undefined>;

  /** Ends its connections. */
  disconnect(): Promise<void>;
}

export type DirectoryErrorCode =
  | 'directory-unavailable'
  | 'process-expired'
  | 'no-process'
  | 'no-room'
  | 'fence-lost';

export class DirectoryError extends Error {
  static {
    this.prototype.name = 'DirectoryError';
  }

  readonly code: DirectoryErrorCode;

  constructor(code: DirectoryErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
