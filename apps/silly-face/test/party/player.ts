import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { waitUntil } from '@silly-face/testing';

export interface Frame {
  readonly cmd: string;
  readonly seq: number;
  readonly by: string;
  readonly id: string;
  readonly code: string;
  readonly text: string;
  readonly token: string;
  readonly [field: string]: unknown;
}

interface Place {
  readonly host: string;
  readonly port: number;
}

/**
 * A client as the protocol wants it: it follows MOVE, comes back after a loss with what it has seen, sends again what was not
 * answered, and notes all that it hears.
 */
export class Player {
  readonly heard: Frame[] = [];
  /** Events in the order in which they came. */
  readonly events: Frame[] = [];
  /** What must never be, such as numbers that do not rise. */
  readonly complaints: string[] = [];
  /** From each MOVE to the next WELCOME. */
  readonly movedMs: number[] = [];
  welcome: Frame | undefined;
  #seat: string;
  #place: Place;
  #socket: Socket | undefined;
  #lastSeq = 0;
  #lastId = 0;
  #isIn = false;
  #isOver = false;
  #movedAt: number | undefined;
  readonly #unanswered = new Map<string, object>();

  /** `place`: where to begin, and where to come back to after a loss. */
  constructor(place: Place, seat: string) {
    this.#place = place;
    this.#seat = seat;
    this.#connect();
  }

  static async join(place: Place, seat: string): Promise<Player> {
    const player = new Player(place, seat);
    await player.hears('WELCOME');
    return player;
  }

  get id(): string {
    return String(this.welcome?.['you']);
  }

  /** The room as the last WELCOME has told it. */
  get state(): { readonly members: { id: string; name: string; score: number }[] } {
    return this.welcome?.['state'] as { members: { id: string; name: string; score: number }[] };
  }

  get unanswered(): number {
    return this.#unanswered.size;
  }

  get isIn(): boolean {
    return this.#isIn;
  }

  /** Sends a command and returns its id. */
  send(cmd: string, fields: object = {}, id = `c${(this.#lastId += 1)}`): string {
    const frame = { cmd, id, ...fields };
    this.#unanswered.set(id, frame);
    if (this.#isIn) this.write(frame);
    return id;
  }

  write(frame: object): void {
    this.#socket?.write(`${JSON.stringify(frame)}\n`);
  }

  /** Sends a command and waits for what comes of it. */
  does(cmd: string, fields: object = {}): Promise<Frame> {
    const id = this.send(cmd, fields);
    const isAnswer = (frame: Frame): boolean => frame.id === id && (frame.by ?? this.id) === this.id;
    return waitUntil(() => this.heard.find(isAnswer), { what: `the answer to ${cmd}`, intervalMs: 5 });
  }

  /** The first frame like this, also one that came before. */
  hears(cmd: string, fields: Partial<Frame> = {}): Promise<Frame> {
    const isIt = (frame: Frame): boolean =>
      frame.cmd === cmd && Object.entries(fields).every(([name, value]) => frame[name] === value);
    const what = `${cmd} ${JSON.stringify(fields)}`;
    return waitUntil(() => this.heard.find(isIt), { what, intervalMs: 5 });
  }

  texts(): string[] {
    return this.events.filter(({ cmd }) => cmd === 'CHAT').map(({ text }) => text);
  }

  /** The connection breaks, and it does not come back by itself. */
  loseConnection(): void {
    this.#isOver = true;
    this.#isIn = false;
    this.#socket?.destroy();
  }

  async comeBack(place: Place = this.#place): Promise<Frame> {
    this.#isOver = false;
    this.#place = place;
    const before = this.welcome;
    this.#connect();
    return waitUntil(() => this.welcome !== before && this.welcome, { what: 'WELCOME', intervalMs: 5 });
  }

  /** Where it tries from now on, after a loss. */
  goTo(place: Place): void {
    this.#place = place;
  }

  async end(): Promise<void> {
    this.#isOver = true;
    const socket = this.#socket;
    if (!socket || socket.closed) return;
    socket.destroy();
    await once(socket, 'close');
  }

  #connect(): void {
    const { host, port } = this.#place;
    const socket = connect({ host, port, noDelay: true });
    this.#socket = socket;
    socket.on('error', () => {}); // `close` follows.
    socket.on('close', () => this.#closed(socket));
    const lines = createInterface({ input: socket });
    lines.on('error', () => {}); // It repeats the socket's.
    lines.on('line', (line) => {
      if (socket === this.#socket) this.#hear(JSON.parse(line) as Frame);
    });
  }

  #closed(socket: Socket): void {
    if (socket !== this.#socket) return;
    this.#isIn = false;
    if (!this.#isOver) setTimeout(() => this.#isOver || this.#connect(), 20);
  }

  #hear(frame: Frame): void {
    this.heard.push(frame);
    if (frame.cmd === 'PLSAUTH') this.#authenticate();
    else if (frame.cmd === 'PING') this.write({ cmd: 'PONG' });
    else if (frame.cmd === 'WELCOME') this.#welcomed(frame);
    else if (frame.cmd === 'MOVE') this.#move(frame);
    else if (frame.cmd === 'BYE') this.#isIn = false;
    else if (frame.cmd === 'ERROR') this.#refused(frame);
    else if (frame.seq !== undefined) this.#event(frame);
  }

  #authenticate(): void {
    if (this.welcome) {
      const { room, resume } = this.welcome;
      this.write({ cmd: 'AUTH', room, resume, after: this.#lastSeq });
    } else this.write({ cmd: 'AUTH', token: this.#seat });
  }

  #welcomed(frame: Frame): void {
    this.welcome = frame;
    this.#isIn = true;
    if (this.#movedAt !== undefined) this.movedMs.push(performance.now() - this.#movedAt);
    this.#movedAt = undefined;
    if (frame['state'] !== undefined) this.#lastSeq = Math.max(this.#lastSeq, frame.seq);
    // What was missed comes at once, and may hold the answers.
    setImmediate(() => {
      for (const command of this.#unanswered.values()) this.write(command);
    });
  }

  #move(frame: Frame): void {
    this.#movedAt ??= performance.now();
    this.#place = { host: frame['host'] as string, port: frame['port'] as number };
    if (frame.token) this.#seat = frame.token;
    this.#isIn = false;
    this.#socket?.destroy();
    this.#connect();
  }

  #refused({ id, code }: Frame): void {
    if (code !== 'directory-unavailable') this.#unanswered.delete(id);
    else setTimeout(() => this.#again(id), 20);
  }

  #again(id: string): void {
    const command = this.#unanswered.get(id);
    if (command && this.#isIn) this.write(command);
  }

  #event(frame: Frame): void {
    if (frame.seq <= this.#lastSeq) this.complaints.push(`${frame.seq} came after ${this.#lastSeq}`);
    this.#lastSeq = frame.seq;
    this.events.push(frame);
    if (frame.by === this.id) this.#unanswered.delete(frame.id);
  }
}
