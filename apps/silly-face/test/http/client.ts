import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Rig } from './rig.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // The shape of an answer is what the tests are about.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

export interface Ask {
  readonly token?: string;
  /** Null for none. Default: a new one for each POST. */
  readonly key?: string | null;
  readonly json?: unknown;
  readonly body?: RequestInit['body'];
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

/** Sends one request and parses what comes back. */
export async function ask(
  url: string,
  method: string,
  path: string,
  { token, key = method === 'POST' ? randomUUID() : null, json, body, headers, signal }: Ask = {},
): Promise<Answer> {
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(key !== null && { 'idempotency-key': key }),
      ...(json !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    body: json === undefined ? body : JSON.stringify(json),
    signal,
  });
  const type = response.headers.get('content-type') ?? '';
  const bytes = Buffer.from(await response.arrayBuffer());
  const parsed =
    type.includes('json') && bytes.length > 0
      ? JSON.parse(bytes.toString())
      : type.startsWith('text/')
        ? bytes.toString()
        : bytes;
  return { status: response.status, headers: response.headers, body: parsed };
}

export interface TestPlayer {
  readonly id: string;
  readonly name: string;
  readonly token: string;
  get(path: string, options?: Ask): Promise<Answer>;
  post(path: string, json: unknown, options?: Ask): Promise<Answer>;
  submit(roundId: string, face: string, photo: Blob, options?: Ask): Promise<Answer>;
  guess(roundId: string, face: string, options?: Ask): Promise<Answer>;
}

let players = 0;

/** Put into the database, logged in and all: a password costs a quarter of a second. */
export async function newPlayer({ db, url }: Pick<Rig, 'db' | 'url'>): Promise<TestPlayer> {
  const name = `player-${++players}`;
  const token = randomBytes(32).toString('base64url');
  const { rows } = await db.query<{ id: string }>(
    `WITH player AS (INSERT INTO players (name, password_hash) VALUES ($1, 'none') RETURNING id)
      INSERT INTO sessions (player_id, token_hash, expires_at)
        SELECT id, $2, now() + interval '1 h' FROM player RETURNING player_id AS id`,
    [name, createHash('sha256').update(token).digest()],
  );
  return loggedIn(url, { id: rows[0]?.id ?? '', name, token });
}

/** Signed up and logged in through the API. */
export async function newAccount(url: string, name: string): Promise<TestPlayer> {
  const json = { name, password: passwordOf(name) };
  await ask(url, 'POST', '/accounts', { json });
  const { body } = await ask(url, 'POST', '/sessions', { json });
  return loggedIn(url, { id: body.player.id, name, token: body.token });
}

export function passwordOf(name: string): string {
  return `the password of ${name}`;
}

function loggedIn(url: string, player: Pick<TestPlayer, 'id' | 'name' | 'token'>): TestPlayer {
  const { token } = player;
  const post: TestPlayer['post'] = (path, json, options) =>
    ask(url, 'POST', path, { token, json, ...options });
  return {
    ...player,
    get: (path, options) => ask(url, 'GET', path, { token, ...options }),
    post,
    submit: (roundId, face, photo, options) =>
      ask(url, 'POST', `/rounds/${roundId}/submissions`, { token, body: form({ face, photo }), ...options }),
    guess: (roundId, face, options) => post(`/rounds/${roundId}/guesses`, { face }, options),
  };
}

/** In this order, which is the order on the wire. */
export function form(fields: Record<string, string | Blob>): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.append(name, value);
  return data;
}
