import { isUtf8 } from 'node:buffer';
import type { Socket } from 'node:net';
import type { Edge } from './edge.ts';
import type { Encoded } from './encoded.ts';
import type { ByeCode } from './frames.ts';
import { Joiner } from './joiner.ts';
import { LiveConnection } from './live-connection.ts';
import { PartialLine } from './partial-line.ts';
import {
  type ClientFrame,
  closeFrame,
  type Expected,
  isClosePayload,
  OPCODES,
  readClientFrame,
  serverFrame,
} from './web-socket-frames.ts';
import { WebSocketMessage } from './web-socket-message.ts';

/** A client over a WebSocket: a frame a text message. */
export class WebSocketConnection extends LiveConnection {
  readonly #socket: Socket;
  /** Of a frame that has not come whole. */
  #partial: PartialLine | undefined;
  #message: WebSocketMessage | undefined;
  /** What the client closes with, for the answer. */
  #closePayload: Buffer | undefined;

  constructor(edge: Edge, socket: Socket, head: Buffer) {
    super(edge);
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('end', () => this.#clientCloses(NOTHING));
    socket.on('error', ignoreBroken);
    socket.on('close', () => this.gone());
    this.greet();
    if (head.length > 0) this.#read(head);
  }

  get remote(): string {
    return `${this.#socket.remoteAddress}:${this.#socket.remotePort}`;
  }

  protected get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  protected write(frames: Encoded | readonly Encoded[]): void {
    if (this.#socket.writable) this.#socket.write(messages.join(frames));
  }

  protected pauseReading(): void {
    this.#socket.pause();
  }

  protected resumeReading(): void {
    this.#socket.resume();
  }

  /** The client's own close frame, where it has yet to come, is read past with all else that comes. */
  protected finish(code: ByeCode | undefined): void {
    this.#partial = undefined;
    this.#message = undefined;
    this.#socket.resume();
    if (this.#socket.writable) this.#socket.end(this.#lastFrame(code));
  }

  #lastFrame(code: ByeCode | undefined): Buffer {
    if (this.#closePayload !== undefined) return serverFrame(OPCODES.close, this.#closePayload);
    return closeFrame(code === undefined ? GOING_AWAY : (CLOSE_CODES[code] ?? POLICY_VIOLATION), code ?? '');
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    if (!this.open) return;
    const nowMs = this.edge.nowMs();
    const bytes = this.#withPartial(chunk);
    let start = 0;
    while (this.open && start < bytes.length) {
      const frame = readClientFrame(bytes, start, this.#expected);
      if (frame === undefined) return this.#keep(bytes, start);
      if (frame === 'too-long') return this.#tooLong();
      if (frame === 'forbidden') return this.#forbidden();
      this.#frame(frame, nowMs);
      start = frame.end;
    }
    this.#partial = undefined;
  }

  get #expected(): Expected {
    const { frameBytes } = this.edge.limits;
    return { isInMessage: this.#message !== undefined, mostBytes: frameBytes - (this.#message?.bytes ?? 0) };
  }

  #withPartial(chunk: Buffer): Buffer {
    if (this.#partial === undefined) return chunk;
    this.#partial.add(chunk);
    return this.#partial.whole();
  }

  /** No more than one frame, and so no more than the limit. */
  #keep(bytes: Buffer, start: number): void {
    if (this.#partial === undefined || start > 0) this.#partial = new PartialLine(bytes.subarray(start));
  }

  #frame(frame: ClientFrame, nowMs: number): void {
    const { opcode, payload } = frame;
    switch (opcode) {
      case OPCODES.ping:
        if (this.pay(nowMs)) this.#pong(payload);
        return;
      case OPCODES.pong:
        this.pay(nowMs);
        return;
      case OPCODES.close:
        return this.#closed(payload);
    }
    if (this.#message !== undefined) this.#message.add(frame);
    else if (frame.isFinal) return this.#received(payload, opcode === OPCODES.binary, nowMs);
    else this.#message = new WebSocketMessage(frame);
    if (this.#message.hasTooMany) return this.#forbidden();
    if (!frame.isFinal) return;
    const { isBinary } = this.#message;
    const whole = this.#message.whole();
    this.#message = undefined;
    this.#received(whole, isBinary, nowMs);
  }

  #pong(payload: Buffer): void {
    if (!this.#socket.writable) return;
    this.#socket.write(serverFrame(OPCODES.pong, payload));
    this.written();
  }

  #received(payload: Buffer, isBinary: boolean, nowMs: number): void {
    if (isBinary) this.bye('binary', 'Expected text messages');
    else if (isUtf8(payload)) this.received(payload.toString('utf8'), nowMs);
    else this.bye('not-utf8', 'Expected each message to be UTF-8');
  }

  #closed(payload: Buffer): void {
    if (!isClosePayload(payload)) this.#forbidden();
    else if (!isUtf8(payload.subarray(2))) this.bye('not-utf8', 'Expected the reason to be UTF-8');
    else this.#clientCloses(Buffer.from(payload));
  }

  #clientCloses(payload: Buffer): void {
    if (!this.open) return;
    this.#closePayload = payload;
    this.end();
  }

  #tooLong(): void {
    this.bye('frame-too-long', `A frame may have ${this.edge.limits.frameBytes} bytes`);
  }

  #forbidden(): void {
    this.bye('bad-web-socket', 'That is not as RFC 6455 has it');
  }
}

const NOTHING = Buffer.alloc(0);
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

/** A connection that breaks is one that has gone: `close` follows. */
function ignoreBroken(): void {}
