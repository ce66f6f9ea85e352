import { connect, type Socket } from 'node:net';

export interface PartySeat {
  host: string;
  port: number;
  token: string;
}

/** An event of a room, or any other message of the server. */
export interface PartyMessage {
  readonly cmd: string;
  readonly seq?: number;
  readonly id?: string;
  readonly by?: string;
  readonly [field: string]: unknown;
}

export interface PartyMemberOptions {
  seat: PartySeat;
  room: string;
  /** Each event of the room, in the order it came. */
  onEvent?: (event: PartyMessage) => void;
  /** Where the room is now, for when nobody answers where it was. Without it the member tries there again and again. */
  findRoom?: () => Promise<{ host: string; port: number }>;
  /** A connection on which nothing was heard for so long is left: nobody tells of packets that vanish. Without it there is no limit. */
  patienceMs?: number;
}

interface Unanswered {
  readonly frame: string;
  readonly answered: (message: PartyMessage) => void;
}

/**
 * A client of party mode, as an app would have one: it stays in its room whatever happens to the process that holds it. After a
 * MOVE, or a connection that ended without a BYE, it connects again, resumes after the last event that it saw, and sends what was
 * not answered once more.
 */
export class PartyMember {
  /** Of the player, from WELCOME. */
  you = '';
  /** The last event that was seen. */
  seq = 0;
  /** How often the room was elsewhere, or the connection gone; and how long it then took to be back, in milliseconds. */
  readonly returnsMs: number[] = [];
  /** Why it is out for good: a BYE. */
  ended: PartyMessage | undefined;
  /** How often it was told the room anew, because what it had missed was no longer kept. */
  resets = 0;
  /** How often a command was refused because the directory was away. */
  unavailable = 0;
  readonly #options: PartyMemberOptions;
  readonly #unanswered = new Map<string, Unanswered>();
  #at: { host: string; port: number };
  #seat: string;
  #resume: string | undefined;
  #socket: Socket | undefined;
  #welcomed: ((error?: Error) => void)[] = [];
  #isIn = false;
  #isLeaving = false;
  #goneAt: number | undefined;
  #retry: NodeJS.Timeout | undefined;
  #heardAt = 0;
  readonly #delayed = new Set<string>();
  #again: NodeJS.Timeout | undefined;
  #rest = '';
  #commands = 0;

  constructor(options: PartyMemberOptions) {
    this.#options = options;
    this.#at = options.seat;
    this.#seat = options.seat.token;
  }

  get isIn(): boolean {
    return this.#isIn;
  }

  /** Commands that wait for their answer. */
  get unanswered(): number {
    return this.#unanswered.size;
  }

  /** Resolves with the first WELCOME. */
  join(): Promise<void> {
    this.#connect();
    return new Promise((resolve, reject) =>
      this.#welcomed.push((error) => (error ? reject(error) : resolve())),
    );
  }

  /**
   * Resolves with the event that the command made, or the ERROR that refuses it, however often it had to be sent. While the
   * directory is away, it is sent again and again: one that is sent meanwhile may come to effect before it.
   */
  send(cmd: string, fields: Record<string, unknown> = {}): Promise<PartyMessage> {
    return this.command(cmd, fields).answer;
  }

  /** As `send`, for who wants to know the command's id. */
  command(cmd: string, fields: Record<string, unknown> = {}): { id: string; answer: Promise<PartyMessage> } {
    const id = `${this.you}-${++this.#commands}`;
    const frame = `${JSON.stringify({ cmd, id, ...fields })}\n`;
    const answer = new Promise<PartyMessage>((answered) => {
      this.#unanswered.set(id, { frame, answered });
    });
    if (this.#isIn) this.#socket?.write(frame);
    return { id, answer };
  }

  /** Goes without a word, as a telephone does. */
  disconnect(): void {
    this.#isLeaving = true;
    clearTimeout(this.#retry);
    clearTimeout(this.#again);
    this.#socket?.destroy();
  }

  #connect(): void {
    const socket = connect({ ...this.#at, noDelay: true });
    this.#socket = socket;
    this.#rest = '';
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#read(socket, text));
    // What follows is told by 'close'.
    socket.on('error', () => {});
    socket.on('close', () => this.#gone(socket));
    this.#watch(socket);
    // PLSAUTH is not waited for: that would be another trip.
    this.#authenticate(socket);
  }

  #watch(socket: Socket): void {
    const { patienceMs } = this.#options;
    if (patienceMs === undefined) return;
    this.#heardAt = performance.now();
    const look = (): void => {
      if (performance.now() - this.#heardAt > patienceMs) socket.destroy();
      else if (!socket.connecting) socket.write('{"cmd":"RING"}\n');
    };
    const timer = setInterval(look, patienceMs / 3);
    socket.on('close', () => clearInterval(timer));
  }

  #read(socket: Socket, text: string): void {
    this.#heardAt = performance.now();
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      if (this.#socket !== socket) return;
      this.#hear(JSON.parse(line) as PartyMessage);
    }
  }

  #hear(message: PartyMessage): void {
    if (message.seq !== undefined && message.cmd !== 'WELCOME') this.#see(message);
    else if (message.cmd === 'PING') this.#socket?.write('{"cmd":"PONG"}\n');
    else if (message.cmd === 'WELCOME') this.#welcome(message);
    else if (message.cmd === 'ERROR') this.#refused(message);
    else if (message.cmd === 'MOVE') this.#move(message);
    else if (message.cmd === 'BYE') this.#bye(message);
  }

  #authenticate(socket: Socket): void {
    const { room } = this.#options;
    const resume = { cmd: 'AUTH', room, resume: this.#resume, after: this.seq };
    const auth = this.#resume === undefined ? { cmd: 'AUTH', token: this.#seat } : resume;
    socket.write(`${JSON.stringify(auth)}\n`);
  }

  #welcome({ you, resume, seq, replayed }: PartyMessage): void {
    this.you = String(you);
    this.#resume = String(resume);
    // The missed events follow, or the welcome holds the room as it stands after them.
    if (replayed !== true) this.seq = Number(seq);
    this.#isIn = true;
    if (replayed === false) this.resets += 1;
    if (this.#goneAt !== undefined) this.returnsMs.push(performance.now() - this.#goneAt);
    this.#goneAt = undefined;
    this.#send(this.#unanswered.keys());
    for (const welcomed of this.#welcomed.splice(0)) welcomed();
  }

  #see(event: PartyMessage): void {
    this.seq = Number(event.seq);
    this.#options.onEvent?.(event);
    if (event.by === this.you) this.#answered(event);
  }

  #refused(message: PartyMessage): void {
    if (message['code'] !== 'directory-unavailable') return this.#answered(message);
    this.unavailable += 1;
    this.#delayed.add(message.id ?? '');
    this.#again ??= setTimeout(this.#sendAgain, AGAIN_MS);
  }

  /** Those that are under way are not sent twice: the second one would be told that it comes too late. */
  readonly #sendAgain = (): void => {
    this.#again = undefined;
    if (this.#isIn) this.#send(this.#delayed);
  };

  #send(ids: Iterable<string>): void {
    for (const id of ids) this.#socket?.write(this.#unanswered.get(id)?.frame ?? '');
    this.#delayed.clear();
  }

  #answered(message: PartyMessage): void {
    const { id = '' } = message;
    const command = this.#unanswered.get(id);
    this.#unanswered.delete(id);
    command?.answered(message);
  }

  #move({ host, port, token }: PartyMessage): void {
    const socket = this.#socket;
    // The seat was taken here, and is needed there.
    if (typeof token === 'string') this.#seat = token;
    this.#at = { host: String(host), port: Number(port) };
    this.#leave();
    socket?.destroy();
    this.#connect();
  }

  #bye(message: PartyMessage): void {
    // The room goes on all the same, elsewhere or later.
    if (COMES_BACK.has(message['code'])) return;
    this.ended = message;
    this.#isLeaving = true;
    for (const welcomed of this.#welcomed.splice(0)) welcomed(new Error(JSON.stringify(message)));
  }

  #gone(socket: Socket): void {
    if (this.#socket !== socket) return;
    this.#leave();
    if (this.#isLeaving) return;
    this.#retry = setTimeout(() => void this.#find(), RETRY_MS);
  }

  async #find(): Promise<void> {
    try {
      this.#at = (await this.#options.findRoom?.()) ?? this.#at;
    } catch {
      // Nobody can say it now: the place where it was is as good as any.
    }
    if (!this.#isLeaving) this.#connect();
  }

  #leave(): void {
    this.#socket = undefined;
    if (this.#isIn) this.#goneAt = performance.now();
    this.#isIn = false;
  }
}

const RETRY_MS = 50;
/** So seldom that what waits does not come to the flood limit. */
const AGAIN_MS = 1000;
const COMES_BACK: ReadonlySet<unknown> = new Set(['shutting-down', 'server-error', 'directory-unavailable']);
