import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { Edge } from './edge.ts';
import type { Encoded } from './encoded.ts';
import type { ByeCode } from './frames.ts';
import { Joiner } from './joiner.ts';
import { LiveConnection } from './live-connection.ts';

/** The library's, and it asks its connection before it closes: after the close frame nobody could say BYE. */
export class PartyWebSocket extends WebSocket {
  connection: WebSocketConnection | undefined;

  /** The library calls it too: with a code alone for what the client did wrong, with a reason or nothing for the client's own close. */
  override close(code?: number, reason?: string | Buffer): void {
    if (code !== undefined && reason === undefined) this.connection?.refused(code);
    else this.connection?.clientCloses();
    super.close(code, reason);
  }
}

/** A client over a WebSocket: a frame a text message. */
export class WebSocketConnection extends LiveConnection {
  readonly #webSocket: PartyWebSocket;
  readonly #socket: Socket;
  #clientCloses = false;

  constructor(edge: Edge, webSocket: PartyWebSocket, socket: Socket) {
    super(edge);
    this.#webSocket = webSocket;
    this.#socket = socket;
    webSocket.connection = this;
    webSocket.on('message', (data: Buffer, isBinary) => this.#message(data, isBinary));
    webSocket.on('ping', (data) => {
      if (this.pay(edge.nowMs())) webSocket.pong(data);
    });
    webSocket.on('pong', () => this.pay(edge.nowMs()));
    webSocket.on('error', ignoreBroken);
    socket.on('end', () => this.clientCloses());
    socket.on('close', () => this.gone());
    this.greet();
  }

  /** By the code with which the library would close. */
  refused(closeCode: number): void {
    if (closeCode === CLOSE_CODES['frame-too-long']) this.#tooLong();
    else if (closeCode === CLOSE_CODES['not-utf8']) this.bye('not-utf8', 'Expected each message to be UTF-8');
    else this.bye('bad-web-socket', 'That is not as RFC 6455 has it');
  }

  clientCloses(): void {
    this.#clientCloses = true;
    this.end();
  }

  get remote(): string {
    return `${this.#socket.remoteAddress}:${this.#socket.remotePort}`;
  }

  protected get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  /** Past the library, which would make the frame anew for each receiver. It writes at once too, so the order is kept; and it ends
   * its side as soon as the client has. */
  protected write(frames: Encoded[]): void {
    if (this.#socket.writable) this.#socket.write(messages.join(frames));
  }

  protected pauseReading(): void {
    this.#webSocket.pause();
  }

  protected resumeReading(): void {
    this.#webSocket.resume();
  }

  protected finish(code: ByeCode | undefined): void {
    this.#webSocket.resume();
    if (this.#clientCloses) return;
    this.#webSocket.close(
      code === undefined ? GOING_AWAY : (CLOSE_CODES[code] ?? POLICY_VIOLATION),
      code ?? '',
    );
  }

  protected destroy(): void {
    this.#socket.destroy();
  }

  #message(data: Buffer, isBinary: boolean): void {
    if (isBinary) this.bye('binary', 'Expected text messages');
    else if (data.length > this.edge.limits.frameBytes) this.#tooLong();
    else this.received(data.toString(), this.edge.nowMs());
  }

  #tooLong(): void {
    this.bye('frame-too-long', `A frame may have ${this.edge.limits.frameBytes} bytes`);
  }
}

const GOING_AWAY = 1001;
const POLICY_VIOLATION = 1008;
/** RFC 6455, 7.4.1. All others are violations of policy. */
export const CLOSE_CODES: Partial<Record<ByeCode, number>> = {
  'shutting-down': GOING_AWAY,
  'bad-web-socket': 1002,
  binary: 1003,
  'not-utf8': 1007,
  'frame-too-long': 1009,
  'server-error': 1011,
  'server-full': 1013,
};

const messages = new Joiner((frame) => frame.webSocketFrame);

/** What the library complains of was answered with a BYE, and a connection that breaks has gone: `close` follows. */
function ignoreBroken(): void {}
