import type { ServerFrame } from './frames.ts';
import { OPCODES, serverFrame } from './web-socket-frames.ts';

/** A frame as it goes over the wire, made once for all who get it. */
export class Encoded {
  /** As a line of TCP. */
  readonly line: Buffer;
  #webSocketFrame: Buffer | undefined;

  constructor(json: string) {
    this.line = Buffer.from(`${json}\r\n`);
  }

  /** As one unmasked text message (RFC 6455, 5.2). */
  get webSocketFrame(): Buffer {
    return (this.#webSocketFrame ??= serverFrame(OPCODES.text, this.line.subarray(0, -2)));
  }
}

export function encode(frame: ServerFrame): Encoded {
  return new Encoded(JSON.stringify(frame));
}
