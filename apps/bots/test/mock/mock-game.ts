// A mock of the game's HTTP contract, in memory: it stands in for the backend in these tests only, so that a bot can be shown
// what a right backend never does. The demo's test plays against the real one.
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import sharp from 'sharp';
import type { LastTurn, MePage, Player, Round, Taunt } from '../../src/http/contract.ts';

export interface Reply {
  status: number;
  body?: unknown;
  photo?: Buffer;
  headers?: Record<string, string>;
}

export interface SeenRequest {
  method: string;
  path: string;
  key: string | undefined;
  body: Buffer;
  account: Account | undefined;
}

interface Account extends Player {
  password: string;
}

interface MockRound {
  id: string;
  players: [Account, Account];
  submitter: Account;
  turn: number;
  face: string | undefined;
  wrongGuesses: string[];
  photos: Map<number, Buffer>;
  lastTurn: LastTurn | null;
  taunts: Taunt[];
}

export const FACES = ['walrus in love', 'lemon face', 'angry troll', 'sad onion'];

/** What a JSON body may hold, by the end of its path. */
const FIELDS: Record<string, string[]> = {
  accounts: ['name', 'password'],
  sessions: ['name', 'password'],
  rounds: ['opponentId'],
  guesses: ['face'],
  taunts: ['text'],
};

export class MockGame {
  readonly seen: SeenRequest[] = [];
  readonly rounds: MockRound[] = [];
  roundsPerPage = 50;
  sessionMs = 60_000;
  /** Replaces what a right backend would answer. */
  twist: (request: SeenRequest, reply: Reply) => Reply | undefined | Promise<Reply | undefined> = () =>
    undefined;
  /** Cuts the connection instead of answering, after everything was done. */
  loseAnswerTo: (request: SeenRequest) => boolean = () => false;
  readonly #accounts: Account[] = [];
  readonly #sessions = new Map<string, Account>();
  readonly #answered = new Map<string, { body: Buffer; reply: Reply }>();
  #server: Server | undefined;
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<this> {
    const server = createServer((request, response) => {
      void this.#answer(request).then(({ reply, isLost }) => {
        if (isLost) return response.destroy();
        const type = reply.photo
          ? 'image/jpeg'
          : reply.status < 400
            ? 'application/json'
            : 'application/problem+json';
        response.writeHead(reply.status, { 'content-type': type, ...reply.headers });
        return response.end(reply.photo ?? JSON.stringify(reply.body));
      });
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    return this;
  }

  /** Refuses connections; what happened so far is kept for the next start. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Makes an account that no bot plays, and its session. */
  addPerson(name: string): { account: Account; token: string } {
    const account = { id: randomUUID(), name, password: 'a password', rankName: 'Smirker', monocles: 0 };
    this.#accounts.push(account);
    return { account, token: this.#newSession(account) };
  }

  expireSessions(): void {
    this.#sessions.clear();
  }

  async #answer(incoming: IncomingMessage): Promise<{ reply: Reply; isLost: boolean }> {
    const { method = '', url = '', headers } = incoming;
    const token = headers.authorization?.replace('Bearer ', '') ?? '';
    const key = headers['idempotency-key']?.toString();
    const body = await buffer(incoming);
    const request = { method, path: url, key, body, account: this.#sessions.get(token) };
    this.seen.push(request);
    const reply = await this.#once(request, headers['content-type'] ?? '');
    return { reply: (await this.twist(request, reply)) ?? reply, isLost: this.loseAnswerTo(request) };
  }

  async #once(request: SeenRequest, type: string): Promise<Reply> {
    if (request.method !== 'POST') return this.#route(request, type);
    if (request.key === undefined) return problem(400, 'idempotency-key-missing');
    const known = this.#answered.get(request.key);
    if (known?.body.equals(request.body))
      return { ...known.reply, headers: { 'idempotency-replayed': 'true' } };
    if (known !== undefined) return problem(422, 'idempotency-key-reused');
    const reply = await this.#route(request, type);
    this.#answered.set(request.key, { body: request.body, reply });
    return reply;
  }

  async #route({ method, path, body, account }: SeenRequest, type: string): Promise<Reply> {
    const [route = '', roundId = '', part = '', turn = ''] = path.replace(/\?.*/, '').split('/').slice(1);
    const json = type === 'application/json' ? (JSON.parse(body.toString()) as Record<string, string>) : {};
    const allowed = FIELDS[part || route] ?? [];
    const strange = Object.keys(json).some((field) => !allowed.includes(field));
    if (strange) return problem(400, 'field-unknown');
    if (method === 'POST' && route === 'accounts') return this.#signUp(json);
    if (method === 'POST' && route === 'sessions') return this.#logIn(json);
    if (account === undefined) return problem(401, 'session-unknown');
    if (route === 'me') return { status: 200, body: this.#me(account, path) };
    if (route === 'faces') return { status: 200, body: { faces: FACES } };
    if (route === 'players') {
      const players = this.#accounts.filter((other) => other !== account).map(shown);
      return { status: 200, body: { players, nextCursor: null } };
    }
    if (method === 'POST' && roundId === '') return this.#challenge(account, json['opponentId']);
    const round = this.rounds.find(({ id }) => id === roundId);
    if (round === undefined) return problem(404, 'round-not-found');
    if (part === '') return { status: 200, body: view(round, account) };
    if (part === 'turns') return photoReply(round, Number(turn));
    if (part === 'taunts') return taunt(round, account, json['text'] ?? '');
    if (part === 'guesses') return guess(round, account, json['face'] ?? '');
    return submit(
      round,
      account,
      await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData(),
    );
  }

  #signUp({ name = '', password = '' }: Record<string, string>): Reply {
    if (this.#accounts.some((account) => account.name === name)) return problem(409, 'name-taken');
    const account = { id: randomUUID(), name, password, rankName: 'Smirker', monocles: 0 };
    this.#accounts.push(account);
    return { status: 201, body: { player: shown(account) } };
  }

  #logIn({ name, password }: Record<string, string>): Reply {
    const account = this.#accounts.find((one) => one.name === name && one.password === password);
    if (account === undefined) return problem(401, 'wrong-credentials');
    const expiresAt = new Date(Date.now() + this.sessionMs).toISOString();
    return { status: 201, body: { token: this.#newSession(account), expiresAt, player: shown(account) } };
  }

  #newSession(account: Account): string {
    const token = randomUUID();
    this.#sessions.set(token, account);
    return token;
  }

  #me(account: Account, path: string): MePage {
    const from = Number(new URL(path, this.url).searchParams.get('cursor') ?? 0);
    const to = from + this.roundsPerPage;
    const all = this.rounds.filter(({ players }) => players.includes(account));
    const rounds = all.slice(from, to).map((round) => view(round, account));
    return { currentPlayer: shown(account), rounds, nextCursor: to < all.length ? `${to}` : null };
  }

  #challenge(account: Account, opponentId: string | undefined): Reply {
    const opponent = this.#accounts.find(({ id }) => id === opponentId);
    if (opponent === undefined) return problem(404, 'player-not-found');
    const isThere = this.rounds.some(
      ({ players }) => players.includes(account) && players.includes(opponent),
    );
    if (isThere) return problem(409, 'already-challenged');
    const empty = {
      face: undefined,
      wrongGuesses: [],
      photos: new Map<number, Buffer>(),
      lastTurn: null,
      taunts: [],
    };
    const players: [Account, Account] = [account, opponent];
    const round = { id: randomUUID(), players, submitter: account, turn: 1, ...empty };
    this.rounds.push(round);
    return { status: 201, body: view(round, account) };
  }
}

async function submit(round: MockRound, account: Account, form: FormData): Promise<Reply> {
  const [face, photo] = [form.get('face'), form.get('photo')];
  if (round.submitter !== account || round.face !== undefined) return problem(409, 'out-of-turn');
  if (typeof face !== 'string' || !(photo instanceof Blob)) return problem(400, 'field-missing');
  round.photos.set(round.turn, await reencode(Buffer.from(await photo.arrayBuffer())));
  round.face = face;
  return { status: 201, body: view(round, account) };
}

function reencode(photo: Buffer): Promise<Buffer> {
  return sharp(photo).jpeg({ quality: 70 }).toBuffer();
}

function guess(round: MockRound, account: Account, face: string): Reply {
  const { submitter, turn, wrongGuesses } = round;
  if (submitter === account || round.face === undefined) return problem(409, 'out-of-turn');
  if (round.face !== face) {
    wrongGuesses.push(face);
    return { status: 200, body: { correct: false, monocles: 0, round: view(round, account) } };
  }
  const monocles = { guesser: 6 - wrongGuesses.length, submitter: 2 };
  const ids = { submitterId: submitter.id, guesserId: account.id };
  round.lastTurn = {
    turn,
    face,
    photoUrl: photoUrl(round),
    ...ids,
    guesses: wrongGuesses.length + 1,
    monocles,
  };
  account.monocles += monocles.guesser;
  submitter.monocles += monocles.submitter;
  Object.assign(round, { submitter: account, turn: turn + 1, face: undefined, wrongGuesses: [] });
  return { status: 200, body: { correct: true, monocles: monocles.guesser, round: view(round, account) } };
}

function taunt(round: MockRound, account: Account, text: string): Reply {
  const said = { id: randomUUID(), playerId: account.id, text, createdAt: new Date().toISOString() };
  round.taunts = [...round.taunts, said].slice(-20);
  return { status: 201, body: { taunt: said } };
}

function view(round: MockRound, account: Account): Round {
  const { id, turn, lastTurn, taunts, face, wrongGuesses, submitter, players } = round;
  const { monocles: _, ...opponent } = shown(players[0] === account ? players[1] : players[0]);
  const isSubmitted = face !== undefined;
  const states =
    submitter === account
      ? (['SUBMITTING', 'WAITING_GUESS'] as const)
      : (['WAITING_SUBMIT', 'GUESSING'] as const);
  const state = states[isSubmitted ? 1 : 0];
  return {
    id,
    opponent,
    state,
    turn,
    lastTurn,
    taunts,
    wrongGuesses: [...wrongGuesses],
    choices: state === 'GUESSING' ? FACES : [],
    photoUrl: isSubmitted ? photoUrl(round) : null,
    updatedAt: new Date().toISOString(),
  };
}

function photoUrl({ id, turn }: MockRound): string {
  return `/rounds/${id}/turns/${turn}/photo`;
}

function photoReply(round: MockRound, turn: number): Reply {
  const photo = round.photos.get(turn);
  return photo ? { status: 200, photo, headers: { etag: `"${turn}"` } } : problem(404, 'photo-not-found');
}

function shown({ id, name, rankName, monocles }: Account): Player {
  return { id, name, rankName, monocles };
}

export function problem(status: number, code: string): Reply {
  return {
    status,
    body: { type: `about:${code}`, title: code, status, detail: `The mock says ${code}`, code },
  };
}
