import { type ClientFrame, OPCODES } from './web-socket-frames.ts';

/** A message that comes in several frames, until its last one is here. */
export class WebSocketMessage {
  readonly isBinary: boolean;
  readonly #parts: Buffer[] = [];
  #bytes = 0;

  constructor(first: ClientFrame) {
    this.isBinary = first.opcode === OPCODES.binary;
    this.add(first);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Frames that bring nothing are without end, and cost something. */
  get hasTooMany(): boolean {
    return this.#parts.length > MOST_PARTS;
  }

  /** A copy: what the frame shows is written over. */
  add({ payload }: ClientFrame): void {
    this.#parts.push(Buffer.from(payload));
    this.#bytes += payload.length;
  }

  whole(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

const MOST_PARTS = 64;
