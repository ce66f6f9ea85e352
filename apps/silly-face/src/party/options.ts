import type { TurnLimits } from '../game/party.ts';

/** Of the rooms of one process. All times are in milliseconds. */
export interface RoomOptions {
  /** How long the directory believes in a process that says nothing; the directory's own option. @default 5_000 */
  readonly leaseMs?: number;
  /** @default 1_000 */
  readonly heartbeatMs?: number;
  /** The longest that a chat message waits to be logged; moves do not wait. @default 30 */
  readonly chatLogMs?: number;
  /** Not written yet, of one room: beyond it commands are refused with `directory-unavailable`. @default 256 */
  readonly mostUnwritten?: number;
  /** So many events after the last snapshot comes the next. @default 512 */
  readonly snapshotEvery?: number;
  /** So many latest events of a room are kept for those who were away. @default 128 */
  readonly recentEvents?: number;
  /** A connection that is replaced sooner is not told to the others. @default 2_000 */
  readonly awayAfterMs?: number;
  /** Who has been away for so long has left. @default 120_000 */
  readonly removeAfterMs?: number;
  /** A room without members is over after this. @default 30_000 */
  readonly closeEmptyMs?: number;
  /** How long a turn may take until a face is shown. @default 60_000 */
  readonly showMs?: number;
  /** How long a face may be guessed. @default 120_000 */
  readonly guessMs?: number;
  /** How long an AUTH waits for a room that is just being handed over to us. @default 10_000 */
  readonly openMs?: number;
  /** What a seat is good for that was taken in vain, and is given anew. @default 30_000 */
  readonly seatMs?: number;
  /** How often the rooms look at their clock. @default 500 */
  readonly tickMs?: number;
}

export type RoomSettings = Required<RoomOptions> & TurnLimits;

const DEFAULTS: RoomSettings = {
  leaseMs: 5000,
  heartbeatMs: 1000,
  chatLogMs: 30,
  mostUnwritten: 256,
  snapshotEvery: 512,
  recentEvents: 128,
  awayAfterMs: 2000,
  removeAfterMs: 120_000,
  closeEmptyMs: 30_000,
  showMs: 60_000,
  guessMs: 120_000,
  openMs: 10_000,
  seatMs: 30_000,
  tickMs: 500,
};

/** @throws {RangeError} naming the option, and what was expected of it. */
export function readRoomOptions(options: RoomOptions): RoomSettings {
  const settings = { ...DEFAULTS, ...options };
  for (const [name, value] of Object.entries(settings)) {
    if (!Number.isFinite(value) || value <= 0)
      throw new RangeError(`Expected \`${name}\` to be a positive number, got ${value}`);
  }
  if (settings.heartbeatMs >= settings.leaseMs)
    throw new RangeError(
      `Expected \`heartbeatMs\` to be less than \`leaseMs\`, got ${settings.heartbeatMs} and ${settings.leaseMs}`,
    );
  return settings;
}
