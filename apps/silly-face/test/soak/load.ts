import type { Database } from '../../src/store/database.ts';
import { draw } from '../http/drawing.ts';
import { Match } from './match.ts';
import { Player } from './player.ts';
import { StrictClient, type StrictOptions } from './strict-client.ts';

/** Matches that are played at the same time until they are told to end. */
export class Load {
  readonly client: StrictClient;
  readonly matches: Match[] = [];
  readonly #end = new AbortController();
  #played: Promise<PromiseSettledResult<void>[]> = Promise.resolve([]);

  constructor(options: StrictOptions) {
    this.client = new StrictClient(options);
  }

  async start(db: Database, matches: number): Promise<void> {
    const photos = await Promise.all(
      [0, 80, 160, 240].map(async (g) =>
        Buffer.from(await (await draw({ colour: { r: 120, g, b: 60 } })).arrayBuffer()),
      ),
    );
    for (let index = 0; index < matches; index += 1) {
      const players = [await Player.create(db, this.client), await Player.create(db, this.client)] as const;
      this.matches.push(new Match([...players], photos));
    }
    this.#played = Promise.allSettled(this.matches.map((match) => match.play(this.#end.signal)));
  }

  /** Each match ends after its turn. Why some ended before: whole messages. */
  async stop(): Promise<string[]> {
    this.#end.abort();
    const results = await this.#played;
    this.client.close();
    return results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []));
  }
}
