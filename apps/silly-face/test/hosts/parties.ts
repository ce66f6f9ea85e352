import { Player } from '../soak/player.ts';
import { StrictClient } from '../soak/strict-client.ts';
import { seatOf, Table } from './table.ts';
import type { TwoHosts } from './two-hosts.ts';
import { Witness } from './witness.ts';

export interface Parties extends AsyncDisposable {
  /** On the first host; its members go where the room is when they hear nothing. */
  readonly restless: readonly Table[];
  /** On the first host; its members wait there. */
  readonly patient: readonly Table[];
  /** On the second host. */
  readonly elsewhere: readonly Table[];
  readonly all: readonly Table[];
  /** One of the restless, in which the witness is. */
  readonly watched: Table;
  readonly witness: Witness;
  /** Who plays at none of them, and asks both hosts in turn. */
  readonly player: Player;
}

const PATIENCE_MS = 1500;
const WANTED = { restless: 2, patient: 2, elsewhere: 2 };
const MOST_ROOMS = 60;

/** Tables on both hosts, at each of which three play. */
export async function startParties({ hosts, db }: TwoHosts): Promise<Parties> {
  const url = hosts.map((host) => host.url);
  const client = new StrictClient({ url, patienceMs: 60_000, answerMs: PATIENCE_MS });
  const tables = { restless: [] as Table[], patient: [] as Table[], elsewhere: [] as Table[] };
  const all = (): Table[] => Object.values(tables).flat();
  const isFull = (kind: keyof typeof WANTED): boolean => tables[kind].length >= WANTED[kind];
  const [first] = hosts;
  const newPlayer = (): Promise<Player> => Player.create(db, client);
  let witness: Witness | undefined;
  const dispose = async (): Promise<void> => {
    for (const table of all()) table.leave();
    await witness?.[Symbol.asyncDispose]();
    client.close();
  };
  try {
    // Each new room is where the directory wants it.
    for (let rooms = 0; !(['restless', 'patient', 'elsewhere'] as const).every(isFull); rooms += 1) {
      if (rooms === MOST_ROOMS) throw new Error(`Of ${rooms} rooms too few are on one of the hosts`);
      const players = [await newPlayer(), await newPlayer(), await newPlayer()];
      const seat = await seatOf(players[0] as Player);
      const here = isFull('restless') ? 'patient' : 'restless';
      const kind = seat.host === first.machine.address ? here : 'elsewhere';
      if (isFull(kind)) continue;
      const table = new Table({ players, seat, ...(kind !== 'patient' && { patienceMs: PATIENCE_MS }) });
      tables[kind].push(table);
      await table.start();
    }
    const player = await newPlayer();
    const watched = tables.restless[0] as Table;
    witness = await Witness.seat(first.machine, await seatOf(await newPlayer(), watched.room));
    return { ...tables, all: all(), watched, witness, player, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}
