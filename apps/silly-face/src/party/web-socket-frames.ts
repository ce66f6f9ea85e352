/*
 * The frames of a WebSocket as its server reads and writes them (RFC 6455, 5.2). A connection that says nothing has no state
 * here: what it costs in memory is the benchmark area `party`'s row of a connection's memory.
 */

export const OPCODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface ClientFrame {
  readonly isFinal: boolean;
  readonly opcode: number;
  /** Unmasked, where it was: a view. */
  readonly payload: Buffer;
  /** Where the next one begins. */
  readonly end: number;
}

/** What may come. */
export interface Expected {
  /** A message has begun and not ended: its next part, or a control frame. */
  readonly isInMessage: boolean;
  /** Of a payload, and of what has come of its message. */
  readonly mostBytes: number;
}

/**
 * The frame that begins at `start`; undefined when the rest of it has not come yet, and why not when it may not come, as soon as
 * its head says so.
 */
export function readClientFrame(
  bytes: Buffer,
  start: number,
  { isInMessage, mostBytes }: Expected,
): ClientFrame | 'too-long' | 'forbidden' | undefined {
  if (bytes.length - start < 2) return undefined;
  const [first, second] = [bytes[start] as number, bytes[start + 1] as number];
  const opcode = first & 0x0f;
  const isFinal = (first & FINAL) !== 0;
  const isControl = opcode >= OPCODES.close;
  const shortLength = second & 0x7f;
  const isKnown = opcode <= (isControl ? OPCODES.pong : OPCODES.binary);
  // A client masks, and nobody has agreed on an extension. Control frames are short, and whole.
  if ((first & RESERVED) !== 0 || (second & MASKED) === 0 || !isKnown) return 'forbidden';
  if (isControl) {
    if (!isFinal || shortLength >= LENGTH_OF_16_BITS) return 'forbidden';
  } else if ((opcode === OPCODES.continuation) !== isInMessage) return 'forbidden';
  const lengthBytes = shortLength === LENGTH_OF_16_BITS ? 2 : shortLength === LENGTH_OF_64_BITS ? 8 : 0;
  const mask = start + 2 + lengthBytes;
  if (bytes.length < mask) return undefined;
  const length =
    lengthBytes === 0
      ? shortLength
      : lengthBytes === 2
        ? bytes.readUInt16BE(start + 2)
        : Number(bytes.readBigUInt64BE(start + 2));
  if (length > mostBytes && !isControl) return 'too-long';
  const payloadStart = mask + 4;
  const end = payloadStart + length;
  if (bytes.length < end) return undefined;
  for (let index = 0; index < length; index += 1)
    bytes[payloadStart + index] =
      (bytes[payloadStart + index] as number) ^ (bytes[mask + (index & 3)] as number);
  return { isFinal, opcode, payload: bytes.subarray(payloadStart, end), end };
}

/** Unmasked, as a server sends it. */
export function serverFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const headBytes = length < LENGTH_OF_16_BITS ? 2 : length <= 0xffff ? 4 : 10;
  const frame = Buffer.allocUnsafe(headBytes + length);
  frame[0] = FINAL | opcode;
  if (headBytes === 2) frame[1] = length;
  else if (headBytes === 4) {
    frame[1] = LENGTH_OF_16_BITS;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = LENGTH_OF_64_BITS;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  payload.copy(frame, headBytes);
  return frame;
}

export function closeFrame(code: number, reason: string): Buffer {
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
  payload.writeUInt16BE(code);
  payload.write(reason, 2);
  return serverFrame(OPCODES.close, payload);
}

/** Of a close frame that came: none, or a code that may be sent with a reason. */
export function isClosePayload(payload: Buffer): boolean {
  if (payload.length < 2) return payload.length === 0;
  const code = payload.readUInt16BE();
  if (code >= 3000) return code <= 4999;
  return code >= 1000 && code <= 1014 && !NEVER_SENT.has(code);
}

/** RFC 6455, 7.4.1: reserved, and what an end without a close frame is called. */
const NEVER_SENT = new Set([1004, 1005, 1006]);

const FINAL = 0x80;
const RESERVED = 0x70;
const MASKED = 0x80;
const LENGTH_OF_16_BITS = 126;
const LENGTH_OF_64_BITS = 127;
