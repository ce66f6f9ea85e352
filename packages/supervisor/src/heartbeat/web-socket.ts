import type { Duplex } from 'node:stream';

/**
 * As much of RFC 6455 as a talk to the inspector of Node.js needs: text messages, whole ones. Node.js 20 has no client of its own.
 */
export class WebSocketClient {
  readonly #socket: Duplex;
  readonly #onMessage: (text: string) => void;
  #received: Buffer;

  /** Rejects when nobody answers; `signal` ends the connection at any time. */
  static async connect(
    url: string,
    signal: AbortSignal,
    on: { message: (text: string) => void; end: (error: Error) => unknown },
  ): Promise<WebSocketClient> {
    // Not imported: a supervisor without blocked loops does without its three megabytes.
    const request = process.getBuiltinModule('node:http').get(url.replace(/^ws:/, 'http:'), {
      agent: false,
      signal,
      headers: {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
        'Sec-WebSocket-Version': '13',
      },
    });
    return new Promise((resolve, reject) => {
      request.on('error', reject);
      request.once('response', (response) => {
        response.destroy();
        reject(new Error(`the inspector answered with ${response.statusCode}`));
      });
      request.once('upgrade', (_response, socket: Duplex, head: Buffer) => {
        socket.on('error', on.end);
        socket.once('close', () => on.end(new Error('the inspector closed the connection')));
        signal.addEventListener('abort', () => socket.destroy(), { once: true });
        if (signal.aborted) socket.destroy();
        resolve(new WebSocketClient(socket, head, on.message));
      });
    });
  }

  private constructor(socket: Duplex, head: Buffer, onMessage: (text: string) => void) {
    this.#socket = socket;
    this.#received = head;
    this.#onMessage = onMessage;
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#takeFrames();
    });
  }

  /** A text of less than 64 KiB. Clients have to mask what they send. */
  send(text: string): void {
    const payload = Buffer.from(text);
    const mask = randomBytes(4);
    const header =
      payload.length < 126
        ? Buffer.from([FINAL_TEXT, MASKED | payload.length])
        : Buffer.from([FINAL_TEXT, MASKED | 126, payload.length >> 8, payload.length & 0xff]);
    for (const [index, byte] of payload.entries()) payload[index] = byte ^ (mask[index % 4] ?? 0);
    this.#socket.write(Buffer.concat([header, mask, payload]));
  }

  #takeFrames(): void {
    for (let frame = readFrame(this.#received); frame; frame = readFrame(this.#received)) {
      this.#received = this.#received.subarray(frame.end);
      if (frame.isText) this.#onMessage(frame.payload.toString());
    }
    if (this.#received.length > MAX_FRAME_BYTES) {
      this.#socket.destroy(new Error(`a message longer than ${MAX_FRAME_BYTES} bytes`));
    }
  }
}

function randomBytes(size: number): Buffer {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(size)));
}

const FINAL_TEXT = 0x81;
const MASKED = 0x80;
const MAX_FRAME_BYTES = 16 * 1024 * 1024;

interface Frame {
  readonly isText: boolean;
  readonly payload: Buffer;
  readonly end: number;
}

function readFrame(bytes: Buffer): Frame | undefined {
  const [first = 0, second = 0] = bytes;
  const start = second === 127 ? 10 : second === 126 ? 4 : 2;
  if (bytes.length < start) return undefined;
  const length =
    second === 127 ? Number(bytes.readBigUInt64BE(2)) : second === 126 ? bytes.readUInt16BE(2) : second;
  const end = start + length;
  if (bytes.length < end) return undefined;
  return { isText: first === FINAL_TEXT, payload: bytes.subarray(start, end), end };
}
