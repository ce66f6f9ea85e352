import { invalid } from './option-checks.ts';
import { PoolError } from './errors.ts';
import type { Statement } from './queryable.ts';

/** What a channel brings. */
export interface Notification {
  readonly channel: string;
  readonly payload: string;
  /** The server's process of the sender. */
  readonly processId: number;
}

/** What Postgres carries at the most in the name of a channel and in a payload (NAMEDATALEN, NOTIFY_PAYLOAD_MAX_LENGTH). */
const channelBytes = 63;
const payloadBytes = 7_999;

/** @throws PoolError `INVALID_OPTIONS`: LISTEN would cut a longer name off and listen to another channel. */
export function checkChannel(channel: unknown): asserts channel is string {
  if (
    typeof channel === 'string' &&
    channel !== '' &&
    Buffer.byteLength(channel) <= channelBytes &&
    !channel.includes('\0')
  )
    return;
  throw invalid('`channel`', `a name of 1 to ${channelBytes} bytes`, channel);
}

/** @throws PoolError `PAYLOAD_TOO_LONG`, `INVALID_OPTIONS` */
export function notifyStatement(channel: string, payload: string): Statement {
  checkChannel(channel);
  if (typeof payload !== 'string') throw invalid('`payload`', 'a string', payload);
  const bytes = Buffer.byteLength(payload);
  if (bytes > payloadBytes) {
    throw new PoolError(
      'PAYLOAD_TOO_LONG',
      `Cannot notify '${channel}': the payload has ${bytes} bytes, and Postgres carries ${payloadBytes}; store it and send its key`,
    );
  }
  return { text: 'SELECT pg_notify($1, $2)', values: [channel, payload] };
}
