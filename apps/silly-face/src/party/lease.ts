import { type Directory, DirectoryError, type Load, type NewProcess } from '../directory/directory.ts';
import type { PartyLog } from './log.ts';
import type { RoomSettings } from './options.ts';

export interface LeaseOptions extends Pick<RoomSettings, 'leaseMs' | 'heartbeatMs'> {
  readonly directory: Directory;
  /** Once it listens. */
  readonly process: () => NewProcess;
  readonly load: () => Load;
  /** It was over for the directory, too, and has begun anew: others may have taken what was ours. */
  readonly onRenewed: () => void;
  readonly log: PartyLog;
}

/**
 * The right of this process to act. It is over when our own monotonic clock says so, counted from before the heartbeat was sent,
 * and so never later than for the directory; it begins again with the next heartbeat that is answered.
 */
export class Lease {
  readonly #options: LeaseOptions;
  #heldUntil = 0;
  #timer: NodeJS.Timeout | undefined;
  #beat: Promise<void> | undefined;
  #isStopped = false;
  #isFailing = false;

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  get held(): boolean {
    return performance.now() < this.#heldUntil;
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
    this.#heldUntil = 0;
  }

  async #ask(question: () => Promise<void>): Promise<void> {
    const askedAt = performance.now();
    await question();
    this.#heldUntil = askedAt + this.#options.leaseMs;
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
      await this.#ask(() => directory.heartbeat(process.id, load()));
      if (this.#isFailing) log.info({ process: process.id }, 'the directory answers again');
      this.#isFailing = false;
    } catch (error) {
      if (error instanceof DirectoryError && error.code === 'process-expired') await this.#checkInAgain();
      else if (!this.#isFailing) {
        this.#isFailing = true;
        log.warn({ err: error, process: process.id }, 'the heartbeat failed');
      }
    }
    this.#schedule();
  }

  async #checkInAgain(): Promise<void> {
    const { directory, onRenewed, log } = this.#options;
    const process = this.#options.process();
    // What was ours may be somebody else's by now: nothing acts until it is known.
    this.#heldUntil = 0;
    try {
      const askedAt = performance.now();
      await directory.checkIn(process);
      log.warn({ process: process.id }, 'the lease was over, and has begun anew');
      onRenewed();
      this.#heldUntil = askedAt + this.#options.leaseMs;
    } catch (error) {
      log.warn({ err: error, process: process.id }, 'the check-in failed');
    }
  }
}
