import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Database } from '../../src/store/database.ts';
import type { StrictAnswer, StrictClient } from './strict-client.ts';

/** What the soaks look at of a round. */
export interface RoundSeen {
  readonly id: string;
  readonly state: 'WAITING_SUBMIT' | 'GUESSING' | 'SUBMITTING' | 'WAITING_GUESS';
  readonly turn: number;
  readonly choices: string[];
  readonly photoUrl: string | null;
  readonly lastTurn: { readonly turn: number; readonly face: string } | null;
}

/** A player under load. Each answer that is not the expected one is an error with the whole of it. */
export class Player {
  readonly id: string;
  readonly name: string;
  readonly #token: string;
  readonly #client: StrictClient;

  constructor(client: StrictClient, { id, name, token }: { id: string; name: string; token: string }) {
    this.id = id;
    this.name = name;
    this.#token = token;
    this.#client = client;
  }

  /** Put into the database, logged in and all: a password costs a quarter of a second. */
  static async create(db: Database, client: StrictClient): Promise<Player> {
    const name = `soak-${randomBytes(5).toString('hex')}`;
    const token = randomBytes(32).toString('base64url');
    const { rows } = await db.query<{ id: string }>(
      `WITH player AS (INSERT INTO players (name, password_hash) VALUES ($1, 'none') RETURNING id)
        INSERT INTO sessions (player_id, token_hash, expires_at)
          SELECT id, $2, now() + interval '1 day' FROM player RETURNING player_id AS id`,
      [name, createHash('sha256').update(token).digest()],
    );
    return new Player(client, { id: rows[0]?.id ?? '', name, token });
  }

  async get<Body>(path: string): Promise<Body> {
    return JSON.parse((await this.#send('GET', path, 200)).body.toString()) as Body;
  }

  async photo(path: string): Promise<Buffer> {
    return (await this.#send('GET', path, 200)).body;
  }

  async post<Body>(path: string, json: unknown, expected = 201): Promise<Body> {
    const body = Buffer.from(JSON.stringify(json));
    const answer = await this.#send('POST', path, expected, { body, type: 'application/json' });
    return JSON.parse(answer.body.toString()) as Body;
  }

  async submit(roundId: string, face: string, photo: Buffer): Promise<RoundSeen> {
    const boundary = randomUUID();
    const part = (disposition: string): string =>
      `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n`;
    const body = Buffer.concat([
      Buffer.from(`${part('name="face"')}\r\n${face}\r\n`),
      Buffer.from(`${part('name="photo"; filename="face.jpg"')}Content-Type: image/jpeg\r\n\r\n`),
      photo,
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]);
    const type = `multipart/form-data; boundary=${boundary}`;
    const answer = await this.#send('POST', `/rounds/${roundId}/submissions`, 201, { body, type });
    return JSON.parse(answer.body.toString()) as RoundSeen;
  }

  async #send(
    method: 'GET' | 'POST',
    path: string,
    expected: number,
    content?: { body: Buffer; type: string },
  ): Promise<StrictAnswer> {
    const answer = await this.#client.send({
      method,
      path,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(content && { 'content-type': content.type, 'idempotency-key': randomUUID() }),
      },
      ...(content && { body: content.body }),
    });
    if (answer.status !== expected)
      throw new Error(`${method} ${path}: expected ${expected}, got ${answer.status} ${String(answer.body)}`);
    return answer;
  }
}
