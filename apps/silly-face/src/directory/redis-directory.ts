/*
 * The directory in Redis, 6.2 or newer.
 *
 * Redis runs one script at a time, and each script that writes to a room compares fence and owner before it writes: nobody comes
 * in between. What Redis forgets, fences among it (it was emptied, or a replica took over that lacked the newest writes), the
 * owners bring back: they check in, locate their rooms above the fence they had, and put their snapshots in the place of what
 * others, who knew nothing of them, have written. Until they have, an overtaken owner is held back by its own clock alone, which
 * knows that its lease is over.
 */
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
import { checkOptions, type DirectoryOptions } from './options.ts';
import type { ScriptName } from './redis/client.ts';
import { RedisConnection } from './redis/connection.ts';
import { PROCESS_KEYS, roomKeys, seatKey } from './redis/keys.ts';
import { claimOf, type ClaimReply, history, type HistoryReply } from './redis/replies.ts';
import { partyProcess, type ProcessReply } from './redis/replies.ts';
import { fenceLost, noProcess, noRoom, processExpired } from './refusals.ts';
import { newSeatToken, seatDigest } from './seat-token.ts';

/** Connects with the first call. */
export function openRedisDirectory(url: string, options: DirectoryOptions = {}): Directory {
  const { leaseMs, answerMs } = checkOptions(options);
  return new RedisDirectory(new RedisConnection(url, answerMs), leaseMs);
}

class RedisDirectory implements Directory {
  readonly #redis: RedisConnection;
  readonly #leaseMs: string;

  constructor(redis: RedisConnection, leaseMs: number) {
    this.#redis = redis;
    this.#leaseMs = String(leaseMs);
  }

  async checkIn({ id, host, port, webSocketUrl }: NewProcess): Promise<void> {
    const address = JSON.stringify({ host, port, webSocketUrl });
    await this.#redis.run(`Check in ${id}`, 'checkIn', PROCESS_KEYS, [id, address, this.#leaseMs]);
  }

  async heartbeat(id: string, { rooms, connections }: Load): Promise<void> {
    const args = [id, this.#leaseMs, String(rooms), String(connections)];
    const renewed = await this.#redis.run(`Heartbeat of ${id}`, 'heartbeat', PROCESS_KEYS, args);
    if (!renewed) throw processExpired('Heartbeat', id);
  }

  async drain(id: string): Promise<void> {
    await this.#redis.run(`Drain ${id}`, 'drain', PROCESS_KEYS, [id]);
  }

  async expel(id: string): Promise<void> {
    await this.#redis.run(`Expel ${id}`, 'expel', PROCESS_KEYS, [id]);
  }

  async processes(): Promise<PartyProcess[]> {
    const reply = await this.#redis.run('List the processes', 'processes', PROCESS_KEYS, []);
    return (reply as ProcessReply[])
      .map(partyProcess)
      .toSorted((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1));
  }

  async locate(room: string, { to, aboveFence = 0, mustExist = false }: LocateOptions = {}): Promise<Claim> {
    const keys = [...PROCESS_KEYS, ...roomKeys(room)];
    const reply = await this.#redis.run(`Locate room ${room}`, 'locate', keys, [
      to ?? '',
      String(aboveFence),
      mustExist ? '1' : '0',
    ]);
    if (reply === 'no-room') throw noRoom(room);
    if (!reply) throw noProcess(room, to);
    return claimOf(room, reply as ClaimReply);
  }

  async handOver(hold: Hold, to: string, { seq, state }: Snapshot): Promise<Claim> {
    const { room } = hold;
    const keys = [...PROCESS_KEYS, ...roomKeys(room)];
    const args = [...shown(hold), to, String(seq), JSON.stringify(state)];
    const reply = await this.#redis.run(`Hand over room ${room}`, 'handOver', keys, args);
    if (reply === 'fence-lost') throw fenceLost('Hand over', hold);
    if (reply === 'process-expired') throw processExpired(`Hand over room ${room}`, to);
    return claimOf(room, reply as ClaimReply);
  }

  async release(hold: Hold, { seq, state }: Snapshot): Promise<void> {
    await this.#asOwner('Release', 'release', hold, String(seq), JSON.stringify(state));
  }

  async close(hold: Hold): Promise<void> {
    await this.#asOwner('Close', 'close', hold);
  }

  async append(batch: readonly Append[]): Promise<('written' | 'fence-lost')[]> {
    if (batch.length === 0) return [];
    const keys = batch.flatMap(({ room }) => roomKeys(room));
    const args = batch.flatMap((each) => [
      ...shown(each),
      String(each.entries.length),
      ...each.entries.flatMap(({ seq, event }) => [String(seq), JSON.stringify(event)]),
    ]);
    const reply = await this.#redis.run(`Append to ${batch.length} rooms`, 'append', keys, args);
    return (reply as number[]).map((written) => (written === 1 ? 'written' : 'fence-lost'));
  }

  async saveSnapshot(hold: Hold, { seq, state }: Snapshot): Promise<void> {
    await this.#asOwner('Save', 'saveSnapshot', hold, String(seq), JSON.stringify(state));
  }

  async replace(hold: Hold, { seq, state }: Snapshot): Promise<void> {
    await this.#asOwner('Replace', 'replace', hold, String(seq), JSON.stringify(state));
  }

  async load(hold: Hold): Promise<{ snapshot: Snapshot | undefined; log: LogEntry[] }> {
    return history((await this.#asOwner('Load', 'load', hold)) as HistoryReply);
  }

  async issueSeat(seat: Seat, ttlMs: number): Promise<string> {
    const token = newSeatToken();
    const key = seatKey(seatDigest(token));
    const lifeMs = Math.max(1, Math.ceil(ttlMs));
    await this.#redis.ask(`Issue a seat in room ${seat.room}`, (client) =>
      client.set(key, JSON.stringify(seat), lifeMs),
    );
    return token;
  }

  async redeemSeat(token: string): Promise<Seat | undefined> {
    const key = seatKey(seatDigest(token));
    const seat = await this.#redis.ask('Redeem a seat', (client) => client.takeOut(key));
    return seat === null ? undefined : (JSON.parse(seat) as Seat);
  }

  disconnect(): Promise<void> {
    return this.#redis.disconnect();
  }

  /** @throws DirectoryError `fence-lost` */
  async #asOwner(operation: string, script: ScriptName, hold: Hold, ...args: string[]): Promise<unknown> {
    const all = [...shown(hold), ...args];
    const reply = await this.#redis.run(`${operation} room ${hold.room}`, script, roomKeys(hold.room), all);
    if (reply === 'fence-lost') throw fenceLost(operation, hold);
    return reply;
  }
}

function shown({ fence, owner }: Hold): [fence: string, owner: string] {
  return [String(fence), owner.id];
}
