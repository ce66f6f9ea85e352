import type { ServerFrame } from './frames.ts';

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
    return (this.#webSocketFrame ??= webSocketFrame(this.line.subarray(0, -2)));
  }
}

export function encode(frame: ServerFrame): Encoded {
  return new Encoded(JSON.stringify(frame));
}

const FINAL_TEXT = 0x81;
const LENGTH_OF_16_BITS = 126;
const LENGTH_OF_64_BITS = 127;

function webSocketFrame(payload: Buffer): Buffer {
  const { length } = payload;
  const head = length < LENGTH_OF_16_BITS ? 2 : length <= 0xffff ? 4 : 10;
  const frame = Buffer.allocUnsafe(head + length);
  frame[0] = FINAL_TEXT;
  if (head === 2) frame[1] = length;
  else if (head === 4) {
    frame[1] = LENGTH_OF_16_BITS;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = LENGTH_OF_64_BITS;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  payload.copy(frame, head);
  return frame;
}
