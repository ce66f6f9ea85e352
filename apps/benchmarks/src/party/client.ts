import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { now } from '../harness/now.ts';
import type { ServerName } from './settings.ts';

/** A member of a room that speaks the least of the protocol that there is: it counts the ends of lines, or those of messages. */
export class Client {
  /** How many messages of the room it got. */
  heard = 0;
  /** Called after each. */
  onHeard: (count: number) => void = () => {};
  /** Called when it has heard what it said itself, and how long that took. Before it is set, it listens for nothing of that kind. */
  onEcho: ((ms: number) => void) | undefined;
  /** What it said and has not heard, in the order it was said. */
  readonly #unheard: { readonly id: string; readonly saidAt: number }[] = [];
  readonly #socket: Socket;
  readonly #isWebSocket: boolean;
  /** The same player has said something in the round before. */
  readonly #idPrefix: string;
  #said = 0;
  readonly #end: number;
  /** What came behind the last end. */
  #rest: Buffer | undefined;

  /** Resolves when it is in its room. */
  static async connect(port: number, name: ServerName, token: string): Promise<Client> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.on('error', (error) => {
      throw error;
    });
    await once(socket, 'connect');
    const auth = JSON.stringify({ cmd: 'AUTH', token });
    if (name === 'ours, WebSocket') {
      socket.write(UPGRADE);
      await until(socket, 'PLSAUTH');
      socket.write(message(auth));
      await until(socket, 'WELCOME');
    } else if (name !== 'bare net') {
      socket.write(`${auth}\n`);
      await until(socket, 'WELCOME');
    }
    return new Client(socket, name === 'ours, WebSocket', token.slice(0, 8));
  }

  private constructor(socket: Socket, isWebSocket: boolean, idPrefix: string) {
    this.#idPrefix = idPrefix;
    this.#socket = socket;
    this.#isWebSocket = isWebSocket;
    // No frame has the bytes of its end within: the text is ASCII, and a message ends as its object does.
    this.#end = isWebSocket ? '}'.charCodeAt(0) : '\n'.charCodeAt(0);
    socket.on('data', (chunk) => this.#count(chunk));
    socket.on('end', () => {
      throw new Error('The server has ended a connection');
    });
    socket.resume();
  }

  get unheard(): number {
    return this.#unheard.length;
  }

  speak(): void {
    this.#said += 1;
    const id = `${this.#idPrefix}${this.#said}`;
    if (this.onEcho) this.#unheard.push({ id: `"${id}"`, saidAt: now() });
    const chat = `{"cmd":"CHAT","id":"${id}","text":"The one with the teapot on its head, I would say"}`;
    this.#socket.write(this.#isWebSocket ? message(chat) : `${chat}\n`);
  }

  async end(): Promise<void> {
    this.onHeard = () => {};
    this.#socket.destroy();
    if (!this.#socket.closed) await once(this.#socket, 'close');
  }

  #count(chunk: Buffer): void {
    if (this.onEcho) this.#listen(chunk);
    for (let at = chunk.indexOf(this.#end); at !== -1; at = chunk.indexOf(this.#end, at + 1)) {
      this.heard += 1;
      this.onHeard(this.heard);
    }
  }

  #listen(chunk: Buffer): void {
    const messages = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk;
    const ends = messages.lastIndexOf(this.#end) + 1;
    this.#rest = ends < messages.length ? messages.subarray(ends) : undefined;
    for (
      let [first] = this.#unheard;
      first && messages.includes(first.id, 0, 'latin1');
      [first] = this.#unheard
    ) {
      this.onEcho?.(now() - first.saidAt);
      this.#unheard.shift();
    }
  }
}

const UPGRADE = [
  'GET / HTTP/1.1',
  'Host: party',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  '\r\n',
].join('\r\n');

/** What comes behind the word waits until somebody reads on. */
async function until(socket: Socket, word: string): Promise<void> {
  for (let text = ''; !text.includes(word);) {
    socket.resume();
    text += String((await once(socket, 'data'))[0]);
    socket.pause();
  }
}

/** A masked text message; the mask is zero. */
function message(json: string): Buffer {
  return Buffer.concat([Buffer.of(0x81, 0x80 | json.length, 0, 0, 0, 0), Buffer.from(json)]);
}
