import { Refused, ViolatedCheck } from '../errors.ts';
import { readJson, readPhoto, type Said } from './answer.ts';
import type { Answer, HttpClient, Request } from './client.ts';
import * as contract from './contract.ts';
import type { GuessResult, MePage, Player, Round, Taunt } from './contract.ts';

/** A photo as it is sent. */
export interface PhotoFile {
  bytes: Uint8Array<ArrayBuffer>;
  type: 'image/jpeg' | 'image/png';
}

interface Session {
  readonly token: string;
  readonly expiresAt: string;
}

/** A refusal so long before the end of the session is none of a clock that is a little wrong. */
const CLOCKS_DIFFER_MS = 60_000;

/** The game's operations, each checked against the contract. Logs in when a session is needed and again when it is over. */
export class Game {
  readonly #client: HttpClient;
  readonly #credentials: { name: string; password: string };
  readonly #url: URL;
  #session: Session | undefined;

  constructor(client: HttpClient, url: URL, credentials: { name: string; password: string }) {
    this.#client = client;
    this.#url = url;
    // These two and nothing else that the caller's object holds: it is sent as it is.
    this.#credentials = { name: credentials.name, password: credentials.password };
  }

  /** Makes sure of a session. Resolves to whether the account had to be made for it. */
  async enter(): Promise<'logged in' | 'signed up'> {
    if (this.#session !== undefined || (await this.#logIn())) return 'logged in';
    const { request } = readJson(await this.#post('/accounts', this.#credentials), 201, contract.account);
    if (await this.#logIn()) return 'signed up';
    throw new ViolatedCheck('account-unusable', 'Expected the password of the new account to be right', {
      request,
    });
  }

  async me(cursor: string | null): Promise<Said<MePage>> {
    const path = cursor === null ? '/me' : `/me?${new URLSearchParams({ cursor }).toString()}`;
    return readJson(await this.#asPlayer({ method: 'GET', path }), 200, contract.me);
  }

  async lobby(cursor: string | null): Promise<Said<{ players: Player[]; nextCursor: string | null }>> {
    const query = new URLSearchParams({ limit: '50', ...(cursor === null ? {} : { cursor }) });
    const path = `/players?${query.toString()}`;
    return readJson(await this.#asPlayer({ method: 'GET', path }), 200, contract.lobby);
  }

  async faces(): Promise<Said<{ faces: string[] }>> {
    return readJson(await this.#asPlayer({ method: 'GET', path: '/faces' }), 200, contract.faces);
  }

  async challenge(opponentId: string): Promise<Said<Round>> {
    return readJson(await this.#postAsPlayer('/rounds', { opponentId }), 201, contract.round);
  }

  async round(id: string): Promise<Said<Round>> {
    const path = `/rounds/${encodeURIComponent(id)}`;
    return readJson(await this.#asPlayer({ method: 'GET', path }), 200, contract.round);
  }

  async submit(roundId: string, face: string, photo: PhotoFile): Promise<Said<Round>> {
    const form = new FormData();
    form.set('face', face);
    form.set(
      'photo',
      new Blob([photo.bytes], { type: photo.type }),
      photo.type.replace('image/', 'silly-face.'),
    );
    // Encoded once: a repeat must be the same bytes, and fetch would choose another boundary each time.
    const encoded = new Response(form);
    const headers = { 'content-type': encoded.headers.get('content-type') ?? '' };
    const body = new Uint8Array(await encoded.arrayBuffer());
    const path = `/rounds/${encodeURIComponent(roundId)}/submissions`;
    return readJson(await this.#asPlayer({ method: 'POST', path, headers, body }), 201, contract.round);
  }

  async guess(roundId: string, face: string): Promise<Said<GuessResult>> {
    const path = `/rounds/${encodeURIComponent(roundId)}/guesses`;
    return readJson(await this.#postAsPlayer(path, { face }), 200, contract.guessResult);
  }

  async taunt(roundId: string, text: string): Promise<Said<{ taunt: Taunt }>> {
    const path = `/rounds/${encodeURIComponent(roundId)}/taunts`;
    return readJson(await this.#postAsPlayer(path, { text }), 201, contract.tauntResult);
  }

  /** @param photoUrl the path as a round gave it */
  async photo(photoUrl: string): Promise<Said<{ bytes: Buffer }>> {
    // The session's token goes nowhere else, whatever a path such as //elsewhere/photo makes of the URL.
    if (new URL(photoUrl, this.#url).origin !== this.#url.origin) {
      const message = `Expected the photo to be on ${this.#url.origin}`;
      throw new ViolatedCheck('photo-elsewhere', message, { request: `GET ${photoUrl}` });
    }
    return readPhoto(await this.#asPlayer({ method: 'GET', path: photoUrl }));
  }

  /** False when the name or the password is not known. */
  async #logIn(): Promise<boolean> {
    const answer = await this.#post('/sessions', this.#credentials);
    const session = readUnless('wrong-credentials', () => readJson(answer, 201, contract.session));
    if (session === undefined) return false;
    const { token, expiresAt, player, request } = session;
    if (player.name !== this.#credentials.name) {
      const message = `Expected the session of ${this.#credentials.name}, got one of ${player.name}`;
      throw new ViolatedCheck('stranger-session', message, { request });
    }
    this.#session = { token, expiresAt };
    return true;
  }

  async #asPlayer(request: Request): Promise<Answer> {
    if (this.#session === undefined) await this.enter();
    const answer = await this.#client.send(this.#signed(request));
    if (answer.status !== 401) return answer;
    const expiresAt = this.#session?.expiresAt ?? '';
    this.#session = undefined;
    if (Date.parse(expiresAt) - Date.now() > CLOCKS_DIFFER_MS) {
      const message = `Expected the session to last until ${expiresAt}`;
      throw new ViolatedCheck('session-lost', message, { request: answer.request });
    }
    // The session expired. What the service refused it did not do, so a new key is right.
    await this.enter();
    return this.#client.send(this.#signed(request));
  }

  #signed(request: Request): Request {
    return {
      ...request,
      headers: { ...request.headers, authorization: `Bearer ${this.#session?.token ?? ''}` },
    };
  }

  #postAsPlayer(path: string, body: object): Promise<Answer> {
    return this.#asPlayer({ method: 'POST', path, headers: JSON_HEADERS, body: JSON.stringify(body) });
  }

  #post(path: string, body: object): Promise<Answer> {
    return this.#client.send({ method: 'POST', path, headers: JSON_HEADERS, body: JSON.stringify(body) });
  }
}

function readUnless<T>(code: string, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Refused && error.code === code) return undefined;
    throw error;
  }
}

const JSON_HEADERS = { 'content-type': 'application/json' };
