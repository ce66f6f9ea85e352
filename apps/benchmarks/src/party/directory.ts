import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Directory } from '@silly-face/backend/dist/directory/directory.js';
import { openDirectory } from '@silly-face/backend/dist/directory/open-directory.js';
import { startPostgres } from '@silly-face/testing';
import type { RunningServer } from './running.ts';
import { ROOM_SIZE, type Seat } from './settings.ts';

/** A directory in a Postgres of its own, which syncs to the disk as one in production does. */
export class RunningDirectory implements AsyncDisposable {
  readonly databaseUrl: string;
  readonly #directory: Directory;
  readonly #stop: () => PromiseLike<void>;

  static async start(): Promise<RunningDirectory> {
    const postgres = await startPostgres({ fsync: 'on' });
    const stop = (): PromiseLike<void> => postgres[Symbol.asyncDispose]();
    try {
      const migrate = new URL(import.meta.resolve('@silly-face/backend/dist/processes/migrate.js'));
      const env = { ...process.env, DATABASE_URL: postgres.connectionString };
      await promisify(execFile)(process.execPath, [fileURLToPath(migrate)], { env });
      return new RunningDirectory(postgres.connectionString, stop);
    } catch (error) {
      await stop();
      throw error;
    }
  }

  private constructor(databaseUrl: string, stop: () => PromiseLike<void>) {
    this.databaseUrl = databaseUrl;
    this.#directory = openDirectory({ DATABASE_URL: databaseUrl });
    this.#stop = stop;
  }

  /** So many seats, room after room: `name` and number make the rooms and the players, who are the same each time. */
  async seats(name: string, count: number, owner?: string): Promise<Seat[]> {
    const rooms = Array.from({ length: Math.ceil(count / ROOM_SIZE) }, (_, index) => `${name}-${index}`);
    const seats = await Promise.all(rooms.map((room) => this.#seatsOf(room, owner)));
    return seats.flat().slice(0, count);
  }

  async #seatsOf(room: string, owner: string | undefined): Promise<Seat[]> {
    const { host, port } = (
      await this.#ask(() => this.#directory.locate(room, owner === undefined ? {} : { to: owner }))
    ).owner;
    return Promise.all(
      Array.from({ length: ROOM_SIZE }, async (_, index) => {
        const player = { id: `${room}-${index}`, name: `player-${index}` };
        const token = await this.#ask(() => this.#directory.issueSeat({ room, player }, 300_000));
        return { room, host, port, token };
      }),
    );
  }

  /** All at once are more than it answers in time. */
  async #ask<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    while (this.#asking >= MOST_ASKED) await new Promise<void>((go) => this.#waiting.push(go));
    this.#asking += 1;
    try {
      return await ask();
    } finally {
      this.#asking -= 1;
      this.#waiting.shift()?.();
    }
  }

  #asking = 0;
  readonly #waiting: (() => void)[] = [];

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#directory.disconnect();
    await this.#stop();
  }
}

const MOST_ASKED = 16;

/** What lets so many clients in; where anything does, it says anything. */
export async function seatsFor(
  directory: RunningDirectory,
  { name, id }: RunningServer,
  count: number,
): Promise<Seat[]> {
  if (name.startsWith('ours')) return directory.seats(id, count, id);
  return Array.from({ length: count }, (_, index) => ({
    room: 'any',
    host: '',
    port: 0,
    token: `any-${index}`,
  }));
}
