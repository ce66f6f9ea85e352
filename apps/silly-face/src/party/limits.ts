/** What one client may do, and how long it may take. All are checked once, by `partyLimits()`. */
export interface PartyLimits {
  /** The longest frame, without its line end. @default 8_192 */
  readonly frameBytes: number;
  /** From the connection to a successful AUTH. @default 10_000 */
  readonly authTimeoutMs: number;
  /** How long a client may say nothing, not even PONG. @default 60_000 */
  readonly idleTimeoutMs: number;
  /** A client that was silent for so long gets a PING, and another after each further such time. @default 25_000 */
  readonly pingIntervalMs: number;
  /** What may wait here for a client that does not read. @default 262_144 */
  readonly unsentBytes: number;
  /** How many frames a second one client may send in the long run; empty lines count. @default 20 */
  readonly framesPerSecond: number;
  /** How many it may send at once after a rest. @default 40 */
  readonly frameBurst: number;
  /** Open connections that have said AUTH, of both kinds together. @default 5_000 */
  readonly connections: number;
  /** Those that have not: beyond it the oldest gives way. So many more may be on their way out, and so many ask for no WebSocket. @default 5_000 */
  readonly newcomers: number;
  /** After a BYE or an end: how long the client has to take what was sent and to close. @default 2_000 */
  readonly closeTimeoutMs: number;
}

export const DEFAULT_LIMITS: PartyLimits = {
  frameBytes: 8_192,
  authTimeoutMs: 10_000,
  idleTimeoutMs: 60_000,
  pingIntervalMs: 25_000,
  unsentBytes: 262_144,
  framesPerSecond: 20,
  frameBurst: 40,
  connections: 5_000,
  newcomers: 5_000,
  closeTimeoutMs: 2_000,
};

/** Thrown at once by what takes the options. */
export class PartyOptionError extends TypeError {
  static {
    this.prototype.name = 'PartyOptionError';
  }

  readonly code = 'invalid-option';
  readonly option: string;

  constructor(option: string, expected: string, got: unknown) {
    super(`Expected \`${option}\` to be ${expected}, got ${String(got)}`);
    this.option = option;
  }
}

/** @throws {PartyOptionError} */
export function partyLimits(given: Partial<PartyLimits> = {}): PartyLimits {
  const limits: { -readonly [Name in keyof PartyLimits]: number } = { ...DEFAULT_LIMITS };
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name))
      throw new PartyOptionError(name, 'left out: there is no such limit', value);
    if (value === undefined) continue;
    const kind = name === 'framesPerSecond' ? 'number' : 'whole number';
    if (!(value > 0 && value <= LARGEST) || (kind === 'whole number' && !Number.isInteger(value)))
      throw new PartyOptionError(name, `a positive ${kind} up to ${LARGEST}`, value);
    limits[name as keyof PartyLimits] = value;
  }
  if (limits.pingIntervalMs >= limits.idleTimeoutMs)
    throw new PartyOptionError(
      'pingIntervalMs',
      `less than \`idleTimeoutMs\` (${limits.idleTimeoutMs})`,
      limits.pingIntervalMs,
    );
  return limits;
}

const LARGEST = 2 ** 31 - 1;
