import type { Directory, Hold, LogEntry } from '../directory/directory.ts';
import type { PartyLog } from './log.ts';

/** What of a room its log has to know. */
export interface LoggedRoom {
  readonly name: string;
  readonly fence: number;
  /** False while it is not known whether the room is still ours, or when it is no longer. */
  readonly isWritable: boolean;
  /** All up to this number is kept. */
  written(seq: number): void;
  /** It was refused: the room has another fence or owner. */
  overtaken(): void;
}

export interface RoomLogOptions {
  readonly directory: Directory;
  /** This process. */
  readonly owner: Hold['owner'];
  readonly chatLogMs: number;
  readonly log: PartyLog;
}

/**
 * Writes the events of all rooms of this process, many at a time and one trip after the other. Urgent ones leave at the end of
 * this turn of the event loop, or with the trip after the one that is under way; others within `chatLogMs`. What the directory
 * did not answer is asked again, and stays in order.
 */
export class RoomLog {
  readonly #options: RoomLogOptions;
  readonly #waiting = new Map<LoggedRoom, LogEntry[]>();
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Immediate | undefined;
  #isUrgent = false;
  #trip: Promise<void> | undefined;
  #retryMs = 0;
  /** Of the trip that is under way. */
  #lateAt = Infinity;

  constructor(options: RoomLogOptions) {
    this.#options = options;
  }

  add(room: LoggedRoom, entry: LogEntry, isUrgent: boolean): void {
    const entries = this.#waiting.get(room);
    if (entries) entries.push(entry);
    else this.#waiting.set(room, [entry]);
    if (isUrgent) this.#isUrgent = true;
    this.#schedule();
  }

  unwritten(room: LoggedRoom): number {
    return this.#waiting.get(room)?.length ?? 0;
  }

  /** What happens now may not be kept soon, or by us. */
  get isLate(): boolean {
    return this.#retryMs > 0 || performance.now() > this.#lateAt;
  }

  /** Something else has kept what was to be written, or nobody will. */
  forget(room: LoggedRoom): void {
    this.#waiting.delete(room);
    // Nothing is left to be tried again.
    if (this.#waiting.size === 0) this.#retryMs = 0;
  }

  /** The room is writable again. */
  wake(): void {
    this.#isUrgent = true;
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#waiting.clear();
    await this.#trip;
    clearTimeout(this.#timer);
    clearImmediate(this.#soon);
  }

  #schedule(): void {
    if (this.#trip || this.#soon || this.#waiting.size === 0) return;
    if (this.#retryMs > 0) this.#timer ??= setTimeout(this.#leave, this.#retryMs);
    else if (this.#isUrgent) this.#soon = setImmediate(this.#leave);
    else this.#timer ??= setTimeout(this.#leave, this.#options.chatLogMs);
  }

  readonly #leave = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#soon = undefined;
    this.#isUrgent = false;
    this.#lateAt = performance.now() + LATE_MS;
    this.#trip = this.#write().finally(() => {
      this.#trip = undefined;
      this.#lateAt = Infinity;
      this.#schedule();
    });
  };

  async #write(): Promise<void> {
    const load = this.#load();
    if (load.length === 0) return;
    const { directory, owner } = this.#options;
    const batch = load.map(({ room, part }) => ({
      room: room.name,
      fence: room.fence,
      owner,
      entries: part,
    }));
    try {
      const results = await directory.append(batch);
      this.#retryMs = 0;
      for (const [index, { room, entries, part }] of load.entries()) {
        // It was forgotten meanwhile.
        if (this.#waiting.get(room) !== entries) continue;
        if (results[index] === 'written') this.#keep(room, entries, part);
        else room.overtaken();
      }
    } catch (error) {
      if (this.#retryMs === 0) this.#options.log.warn({ err: error }, 'the events were not logged');
      this.#retryMs = Math.min(1000, Math.max(50, this.#retryMs * 2));
    }
  }

  #load(): { room: LoggedRoom; entries: LogEntry[]; part: LogEntry[] }[] {
    const load = [];
    let places = MOST_ENTRIES;
    for (const [room, entries] of this.#waiting) {
      if (!room.isWritable) continue;
      if (places <= 0) break;
      const part = entries.slice(0, places);
      places -= part.length;
      load.push({ room, entries, part });
    }
    // Those that find no place have one in the next.
    this.#isUrgent ||= places <= 0;
    return load;
  }

  #keep(room: LoggedRoom, entries: LogEntry[], part: LogEntry[]): void {
    this.#waiting.delete(room);
    entries.splice(0, part.length);
    // Behind all others, so that a busy room does not keep them out.
    if (entries.length > 0) this.#waiting.set(room, entries);
    room.written((part.at(-1) as LogEntry).seq);
  }
}

const MOST_ENTRIES = 4096;
/** More than a trip takes on a busy machine: chat that waits for it is heard late. */
const LATE_MS = 1_000;
