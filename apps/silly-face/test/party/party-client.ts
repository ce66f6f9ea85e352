import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { WebSocket } from 'ws';

export interface Frame {
  readonly cmd: string;
  readonly [field: string]: unknown;
}

export type Transport = 'TCP' | 'WebSocket';

/** A player's end of a connection: sends, collects all that comes, and waits for what should. */
export class PartyClient {
  /** All that came, in order. */
  readonly frames: Frame[] = [];
  /** The close code of a WebSocket, undefined for TCP. */
  readonly closed: Promise<number | undefined>;
  readonly #waiting = new Set<() => void>();
  readonly #taken = new Map<string, number>();
  readonly #wire: Wire;
  #isClosed = false;

  /** Resolves when connected; what comes is collected from then on. */
  static async connect(transport: Transport, port: number, host = '127.0.0.1'): Promise<PartyClient> {
    if (transport === 'WebSocket') return PartyClient.browse(`ws://${host}:${port}/`);
    return PartyClient.#over(new TcpWire(port, host));
  }

  /** By a WebSocket at this URL. */
  static browse(url: string): Promise<PartyClient> {
    return PartyClient.#over(new WebSocketWire(url));
  }

  static async #over(wire: Wire): Promise<PartyClient> {
    const client = new PartyClient(wire);
    await wire.connected;
    return client;
  }

  private constructor(wire: Wire) {
    this.#wire = wire;
    this.closed = new Promise((resolve) => {
      wire.start(
        (json) => {
          this.frames.push(JSON.parse(json) as Frame);
          this.#wake();
        },
        (code) => {
          this.#isClosed = true;
          this.#wake();
          resolve(code);
        },
      );
    });
  }

  send(frame: object): void {
    this.#wire.send(JSON.stringify(frame));
  }

  /** As it is: over TCP without a line end, over a WebSocket one message, binary when it is a buffer. */
  raw(data: string | Buffer): void {
    this.#wire.raw(data);
  }

  /** The next with this `cmd`, beyond those that an earlier call gave. */
  async next(cmd: string): Promise<Frame> {
    for (;;) {
      const taken = this.#taken.get(cmd) ?? 0;
      const frame = this.all(cmd)[taken];
      if (frame !== undefined) {
        this.#taken.set(cmd, taken + 1);
        return frame;
      }
      if (this.#isClosed)
        throw new Error(`The connection closed before ${cmd} came, after ${JSON.stringify(this.frames)}`);
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
      });
    }
  }

  all(cmd: string): Frame[] {
    return this.frames.filter((frame) => frame.cmd === cmd);
  }

  /** Reads nothing any more, so that the server cannot get rid of what it sends. */
  pause(): void {
    this.#wire.pause();
  }

  resume(): void {
    this.#wire.resume();
  }

  /** Politely; resolves when both sides have ended. */
  async end(): Promise<number | undefined> {
    this.#wire.end();
    return this.closed;
  }

  /** As a process that dies, or a cable that is cut. */
  destroy(): void {
    this.#wire.destroy();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

interface Wire {
  readonly connected: Promise<unknown>;
  start(frame: (json: string) => void, closed: (code: number | undefined) => void): void;
  send(json: string): void;
  raw(data: string | Buffer): void;
  pause(): void;
  resume(): void;
  end(): void;
  destroy(): void;
}

class TcpWire implements Wire {
  readonly connected: Promise<unknown>;
  readonly #socket: Socket;

  constructor(port: number, host: string) {
    this.#socket = connect({ port, host, noDelay: true }).setEncoding('utf8');
    this.connected = once(this.#socket, 'connect');
  }

  start(frame: (json: string) => void, closed: (code: undefined) => void): void {
    let partial = '';
    this.#socket.on('data', (text: string) => {
      const lines = (partial + text).split('\r\n');
      partial = lines.pop() ?? '';
      for (const line of lines) frame(line);
    });
    this.#socket.on('error', () => {}); // The close tells the same.
    this.#socket.on('close', () => closed(undefined));
  }

  send(json: string): void {
    this.#socket.write(`${json}\n`);
  }

  raw(data: string | Buffer): void {
    this.#socket.write(data);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

class WebSocketWire implements Wire {
  readonly connected: Promise<unknown>;
  readonly #webSocket: WebSocket;

  constructor(url: string) {
    this.#webSocket = new WebSocket(url);
    this.connected = once(this.#webSocket, 'open');
  }

  start(frame: (json: string) => void, closed: (code: number) => void): void {
    this.#webSocket.on('message', (data: Buffer) => frame(data.toString()));
    this.#webSocket.on('error', () => {}); // The close tells the same.
    this.#webSocket.on('close', closed);
  }

  send(json: string): void {
    this.#webSocket.send(json);
  }

  raw(data: string | Buffer): void {
    this.#webSocket.send(data);
  }

  pause(): void {
    this.#webSocket.pause();
  }

  resume(): void {
    this.#webSocket.resume();
  }

  end(): void {
    this.#webSocket.close();
  }

  destroy(): void {
    this.#webSocket.terminate();
  }
}
