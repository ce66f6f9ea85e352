/*
 * The directory in Postgres.
 *
 * The row of a room is its lock: a claim changes its fence under it, and whoever writes to the room takes it with
 * `WHERE fence = … AND owner = …`, in the same statement or transaction as the write. Under READ COMMITTED a statement that has waited for the
 * row looks at it again as it is now: the write of an overtaken owner that stood behind the claim finds nothing to lock.
 */
import { type Database, isDatabaseUnavailable, openDatabase } from '../store/database.ts';
import { answered } from './answered.ts';
import type {
  Append,
  Claim,
  Directory,
  Hold,
  Load,
  LocateOptions,
  LogEntry,
  NewProcess,
  PartyProcess,
  Seat,
  Snapshot,
} from './directory.ts';
import { checkOptions, type DirectoryLimits, type DirectoryOptions } from './options.ts';
import * as claims from './postgres/claims.ts';
import * as history from './postgres/history.ts';
import * as processes from './postgres/processes.ts';
import * as seats from './postgres/seats.ts';
import { sweep } from './postgres/sweep.ts';

interface ClosableDatabase extends Database {
  drain(): Promise<void>;
}

const SWEEP_EVERY_MS = 60_000;

/** Connects with the first call. */
export function openPostgresDirectory(url: string, options: DirectoryOptions = {}): Directory {
  const limits = checkOptions(options);
  const { answerMs } = limits;
  const db = openDatabase(url, {
    application_name: 'silly-face directory',
    max: 4,
    connectTimeoutMs: answerMs,
    acquireTimeoutMs: answerMs,
    // Also of a server that is frozen, and so keeps none of its own.
    statementTimeoutMs: answerMs,
    lock_timeout: answerMs,
    statement_timeout: answerMs,
    idle_in_transaction_session_timeout: answerMs,
  });
  return new PostgresDirectory(db, limits);
}

class PostgresDirectory implements Directory {
  readonly #pool: ClosableDatabase;
  readonly #db: Database;
  readonly #limits: DirectoryLimits;
  #sweeping: Promise<void> | undefined;
  #sweepAt = performance.now() + SWEEP_EVERY_MS;

  constructor(pool: ClosableDatabase, limits: DirectoryLimits) {
    this.#pool = pool;
    this.#limits = limits;
    const { answerMs: timeoutMs } = limits;
    this.#db = {
      query: (text, values) => pool.query(text, values),
      transaction: <Result>(...args: [() => Promise<Result>] | [object, () => Promise<Result>]) =>
        pool.transaction({ retries: 2, timeoutMs }, args.at(-1) as () => Promise<Result>),
    };
  }

  checkIn(process: NewProcess): Promise<void> {
    return this.#ask(`Check in ${process.id}`, processes.checkIn(this.#db, process, this.#limits.leaseMs));
  }

  async heartbeat(id: string, load: Load): Promise<void> {
    await this.#ask(`Heartbeat of ${id}`, processes.heartbeat(this.#db, id, load, this.#limits.leaseMs));
    if (performance.now() >= this.#sweepAt) this.#sweep();
  }

  drain(id: string): Promise<void> {
    return this.#ask(`Drain ${id}`, processes.drain(this.#db, id));
  }

  expel(id: string): Promise<void> {
    return this.#ask(`Expel ${id}`, processes.expel(this.#db, id));
  }

  processes(): Promise<PartyProcess[]> {
    return this.#ask('List the processes', processes.processes(this.#db));
  }

  locate(room: string, options: LocateOptions = {}): Promise<Claim> {
    return this.#ask(`Locate room ${room}`, claims.locate(this.#db, room, options));
  }

  handOver(hold: Hold, to: string, snapshot: Snapshot): Promise<Claim> {
    return this.#ask(`Hand over room ${hold.room}`, claims.handOver(this.#db, hold, to, snapshot));
  }

  release(hold: Hold, snapshot: Snapshot): Promise<void> {
    return this.#ask(`Release room ${hold.room}`, claims.release(this.#db, hold, snapshot));
  }

  close(hold: Hold): Promise<void> {
    return this.#ask(`Close room ${hold.room}`, claims.close(this.#db, hold));
  }

  append(batch: readonly Append[]): Promise<('written' | 'fence-lost')[]> {
    return this.#ask(`Append to ${batch.length} rooms`, history.append(this.#db, batch));
  }

  saveSnapshot(hold: Hold, snapshot: Snapshot): Promise<void> {
    return this.#ask(`Save room ${hold.room}`, history.saveSnapshot(this.#db, hold, snapshot));
  }

  replace(hold: Hold, snapshot: Snapshot): Promise<void> {
    return this.#ask(`Replace room ${hold.room}`, history.replace(this.#db, hold, snapshot));
  }

  load(hold: Hold): Promise<{ snapshot: Snapshot | undefined; log: LogEntry[] }> {
    return this.#ask(`Load room ${hold.room}`, history.load(this.#db, hold));
  }

  issueSeat(seat: Seat, ttlMs: number): Promise<string> {
    return this.#ask(`Issue a seat in room ${seat.room}`, seats.issueSeat(this.#db, seat, ttlMs));
  }

  redeemSeat(token: string): Promise<Seat | undefined> {
    return this.#ask('Redeem a seat', seats.redeemSeat(this.#db, token));
  }

  async disconnect(): Promise<void> {
    await this.#sweeping;
    await this.#pool.drain();
  }

  /** Nobody waits for it. When it fails, the next one has the more to do; that the store is unavailable the heartbeats tell. */
  #sweep(): void {
    this.#sweepAt = performance.now() + SWEEP_EVERY_MS;
    this.#sweeping = sweep(this.#db).catch(() => {});
  }

  #ask<Answer>(operation: string, answer: Promise<Answer>): Promise<Answer> {
    return answered(operation, this.#limits.answerMs, answer, isDatabaseUnavailable);
  }
}
