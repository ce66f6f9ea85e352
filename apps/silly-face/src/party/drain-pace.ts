import { connect } from 'node:net';
import type { Address } from '../directory/directory.ts';

interface Crowded {
  readonly seats: { readonly connections: readonly unknown[] };
}

/**
 * How fast a process sends its members away. Node accepts one connection in a turn of its event loop: of hundreds who come at once
 * the last ones are in no room for seconds. So they go in shares. Behind each goes a connection of our own, which is accepted
 * after those that came before it; then it is the next one's turn.
 */
export class DrainPace {
  readonly #endsAt = performance.now() + LONGEST_MS;
  readonly #unreachable = new Set<string>();

  /** Rooms that go together. */
  *shares<Room extends Crowded>(rooms: Iterable<Room>): Generator<Room[]> {
    let share: Room[] = [];
    let members = 0;
    for (const room of rooms) {
      share.push(room);
      members += room.seats.connections.length;
      if (members < SHARE_MEMBERS && share.length < SHARE_ROOMS) continue;
      yield share;
      share = [];
      members = 0;
    }
    if (share.length > 0) yield share;
  }

  /** Resolves when those who were sent to these addresses have probably been accepted; after 8 s of draining, at once. */
  async follow(addresses: Iterable<Address>): Promise<void> {
    if (performance.now() >= this.#endsAt) return;
    const targets = new Map(Array.from(addresses, (address) => [`${address.host} ${address.port}`, address]));
    const visits = Array.from(targets, async ([target, address]) => {
      if (!this.#unreachable.has(target) && !(await isReached(address))) this.#unreachable.add(target);
    });
    await Promise.all(visits);
  }
}

/** Resolves when we are accepted there, or have waited long enough; with false when there is no way from here. */
function isReached({ host, port }: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    // Once what has come meanwhile was read: timers are first after a turn of the event loop that took long.
    const patience = setTimeout(() => setImmediate(end), PATIENCE_MS);
    const end = (): void => {
      resolve(!socket.connecting && !socket.errored);
      clearTimeout(patience);
      socket.destroy();
    };
    // PLSAUTH; or nobody speaks there at all.
    for (const event of ['data', 'end', 'error']) socket.on(event, end);
  });
}

const SHARE_MEMBERS = 64;
const SHARE_ROOMS = 32;
const PATIENCE_MS = 250;
/** Who comes anew to one of these rooms is met by the process after us, and waits there for 10 s. */
const LONGEST_MS = 8_000;
