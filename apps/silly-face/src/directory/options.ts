export interface DirectoryOptions {
  /** How long a process lives without a heartbeat. @default 5000 */
  leaseMs?: number;
  /** How long a call waits for the store before it is `directory-unavailable`. @default 2000 */
  answerMs?: number;
}

export type DirectoryLimits = Readonly<Required<DirectoryOptions>>;

/** The longest delay of a timer. */
const LONGEST_MS = 2 ** 31 - 1;

export function checkOptions({ leaseMs = 5000, answerMs = 2000 }: DirectoryOptions): DirectoryLimits {
  for (const [name, value] of Object.entries({ leaseMs, answerMs }))
    if (!Number.isInteger(value) || value < 1 || value > LONGEST_MS)
      throw new TypeError(`Expected \`${name}\` to be a positive integer, got ${value}`);
  return { leaseMs, answerMs };
}

/** Rooms that nobody writes or asks for are forgotten after this long, closed ones with their fences too. */
export const FORGOTTEN_MS = 86_400_000;

/**
 * Rooms that were only asked for are forgotten after this long, or whoever asks for new ones again and again fills the store:
 * several times what a seat is good for. Whoever comes later makes the room anew.
 */
export const UNENTERED_MS = 300_000;
