import { isAscii, isUtf8 } from 'node:buffer';
import type { Socket } from 'node:net';
import type { Edge } from './edge.ts';
import type { Encoded } from './encoded.ts';
import { Joiner } from './joiner.ts';
import { LiveConnection } from './live-connection.ts';
import { PartialLine } from './partial-line.ts';

/** A client over TCP: a frame a line, ended by LF or CRLF. */
export class TcpConnection extends LiveConnection {
  readonly #socket: Socket;
  #partial: PartialLine | undefined;

  constructor(edge: Edge, socket: Socket) {
    super(edge);
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('end', () => this.end());
    socket.on('error', ignoreBroken);
    socket.on('close', () => this.gone());
    this.greet();
  }

  get remote(): string {
    return `${this.#socket.remoteAddress}:${this.#socket.remotePort}`;
  }

  protected get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  protected write(frames: Encoded | readonly Encoded[]): void {
    this.#socket.write(lines.join(frames));
  }

  protected pauseReading(): void {
    this.#socket.pause();
  }

  protected resumeReading(): void {
    this.#socket.resume();
  }

  protected finish(): void {
    this.#partial = undefined;
    this.#socket.resume();
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    if (!this.open) return;
    const nowMs = this.edge.nowMs();
    const ascii = isAscii(chunk);
    let start = 0;
    let end = chunk.indexOf(LF);
    if (this.#partial !== undefined && end !== -1) {
      start = end + 1;
      const whole = this.#complete(this.#partial, chunk.subarray(0, end));
      if (whole !== undefined) this.#line(whole, 0, whole.length, false, nowMs);
      end = chunk.indexOf(LF, start);
    }
    while (end !== -1 && this.open) {
      this.#line(chunk, start, end, ascii, nowMs);
      start = end + 1;
      end = chunk.indexOf(LF, start);
    }
    if (this.open && start < chunk.length) this.#keep(chunk.subarray(start));
  }

  #complete(partial: PartialLine, rest: Buffer): Buffer | undefined {
    if (!this.#fits(partial.length + rest.length)) return undefined;
    partial.add(rest);
    this.#partial = undefined;
    return partial.whole();
  }

  #keep(start: Buffer): void {
    if (!this.#fits((this.#partial?.length ?? 0) + start.length)) return;
    if (this.#partial === undefined) this.#partial = new PartialLine(start);
    else this.#partial.add(start);
  }

  /** Of a line that may still end with CR. */
  #fits(bytes: number): boolean {
    if (bytes <= this.edge.limits.frameBytes + 1) return true;
    this.#tooLong();
    return false;
  }

  #line(bytes: Buffer, start: number, lineEnd: number, ascii: boolean, nowMs: number): void {
    const end = lineEnd > start && bytes[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd;
    if (end - start > this.edge.limits.frameBytes) this.#tooLong();
    else if (ascii) this.received(bytes.toString('latin1', start, end), nowMs);
    else if (isUtf8(bytes.subarray(start, end))) this.received(bytes.toString('utf8', start, end), nowMs);
    else this.bye('not-utf8', 'Expected each frame to be UTF-8');
  }

  #tooLong(): void {
    this.bye('frame-too-long', `A frame may have ${this.edge.limits.frameBytes} bytes`);
  }
}

const LF = 10;
const CR = 13;
const lines = new Joiner((frame) => frame.line);

/** A connection that breaks is one that has gone: `close` follows. */
function ignoreBroken(): void {}
