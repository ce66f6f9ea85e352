import { type Directory, DirectoryError, type Load, type NewProcess } from '../directory/directory.ts';
import type { PartyLog } from './log.ts';
import type { RoomSettings } from './options.ts';

export interface LeaseOptions extends Pick<RoomSettings, 'leaseMs' | 'heartbeatMs'> {
  readonly directory: Directory;
  /** Once it listens. */
  readonly process: () => NewProcess;
  readonly load: () => Load;
  /** A lease that begins anew must not bring new rooms. */
  readonly isDraining: () => boolean;
  /** It was over for the directory, too, and has begun anew: others may have taken what was ours. */
  readonly onRenewed: () => void;
  readonly log: PartyLog;
}

/**
 * The right of this process to act. It is over when our own clocks say so, counted from before the heartbeat was sent, and so
 * never later than for the directory; it begins again with the next heartbeat that is answered. Two clocks: the one of the wall
 * may be set back, and the monotonic one stands still while the machine sleeps.
 */
export class Lease {
  readonly #options: LeaseOptions;
  #heldUntil: Moment = NEVER;
  #term = 0;
  /** Until a check-in is answered: one whose answer is lost makes the next heartbeat succeed. */
  #isOver = false;
  #timer: NodeJS.Timeout | undefined;
  #beat: Promise<void> | undefined;
  #isStopped = false;
  #isFailing = false;

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  get held(): boolean {
    return performance.now() < this.#heldUntil.monotonic && Date.now() < this.#heldUntil.wall;
  }

  /** Rises when a lease was over for the directory: what it said before does not count. */
  get term(): number {
    return this.#term;
  }

  /** @throws {DirectoryError} when the directory does not take us */
  async start(): Promise<void> {
    await this.#ask(() => this.#options.directory.checkIn(this.#options.process()));
    this.#schedule();
  }

  /** No heartbeat is under way afterwards. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#beat;
    this.#heldUntil = NEVER;
  }

  async #ask(question: () => Promise<void>): Promise<void> {
    const { leaseMs } = this.#options;
    const until = moment(leaseMs);
    await question();
    this.#heldUntil = until;
  }

  #schedule(): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => {
      this.#beat = this.#renew();
    }, this.#options.heartbeatMs);
  }

  async #renew(): Promise<void> {
    const { directory, load, log } = this.#options;
    const process = this.#options.process();
    try {
      if (!this.#isOver) await this.#ask(() => directory.heartbeat(process.id, load()));
      if (this.#isFailing) log.info({ process: process.id }, 'the directory answers again');
      this.#isFailing = false;
    } catch (error) {
      if (error instanceof DirectoryError && error.code === 'process-expired') this.#expired();
      else if (!this.#isFailing) {
        this.#isFailing = true;
        log.warn({ err: error, process: process.id }, 'the heartbeat failed');
      }
    }
    if (this.#isOver) await this.#checkInAgain();
    this.#schedule();
  }

  /** What was ours may be somebody else's by now: nothing acts until it is known. */
  #expired(): void {
    this.#heldUntil = NEVER;
    this.#isOver = true;
    this.#term += 1;
  }

  async #checkInAgain(): Promise<void> {
    const { directory, isDraining, leaseMs, onRenewed, log } = this.#options;
    const process = this.#options.process();
    try {
      const until = moment(leaseMs);
      await directory.checkIn(process);
      if (isDraining()) await directory.drain(process.id);
      log.warn({ process: process.id }, 'the lease was over, and has begun anew');
      this.#isOver = false;
      onRenewed();
      this.#heldUntil = until;
    } catch (error) {
      log.warn({ err: error, process: process.id }, 'the check-in failed');
    }
  }
}

interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

const NEVER: Moment = { monotonic: 0, wall: 0 };

function moment(inMs = 0): Moment {
  return { monotonic: performance.now() + inMs, wall: Date.now() + inMs };
}
