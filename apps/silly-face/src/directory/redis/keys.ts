/** The part in braces decides the slot in a cluster: all keys are in one, since a claim looks at the processes and at the room. */
const PREFIX = '{silly-face:party}:';

/** Of each process by its id: when its lease ends, where it is, when it came, its load; and who drains. */
export const PROCESS_KEYS = ['leases', 'addresses', 'started', 'rooms', 'connections', 'draining'].map(
  (name) => `${PREFIX}${name}`,
);

/** Its fence, owner and snapshot; and its log, ordered by number. */
export function roomKeys(room: string): [room: string, log: string] {
  return [`${PREFIX}room:${room}`, `${PREFIX}log:${room}`];
}

export function seatKey(digest: Buffer): string {
  return `${PREFIX}seat:${digest.toString('hex')}`;
}
