import type { ServerFrame } from './frames.ts';
import { OPCODES, serverFrame } from './web-socket-frames.ts';

/** A frame as it goes over the wire, made once for all who get it. */
export class Encoded {
  /** As a line of TCP. */
  readonly line: Buffer;
  #webSocketFrame: Buffer | undefined;

  constructor(line: Buffer) {
    this.line = line;
  }

  static ofJson(json: string): Encoded {
    return new Encoded(Buffer.from(json + LINE_END));
  }

  get json(): string {
    return this.line.toString('utf8', 0, this.line.length - LINE_END.length);
  }

  /** As one unmasked text message (RFC 6455, 5.2). */
  get webSocketFrame(): Buffer {
    return (this.#webSocketFrame ??= serverFrame(OPCODES.text, this.line.subarray(0, -LINE_END.length)));
  }
}

export function encode(frame: ServerFrame): Encoded {
  return Encoded.ofJson(JSON.stringify(frame));
}

const LINE_END = '\r\n';
