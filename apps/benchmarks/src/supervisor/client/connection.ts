import { connect, type Socket } from 'node:net';

/** How a request was lost; undefined if it was answered whole, with 200 and its own id. */
export type Loss = string | undefined;

const LIMIT_MS = 5_000;

/**
 * One request at a time. What a connection meets while it carries none is not the client's affair: it makes another one for the
 * next. From the first byte that it sends on, everything but the right answer is a loss; nothing is sent twice.
 */
export class Connection {
  readonly #port: number;
  readonly #isKept: boolean;
  #socket: Socket | undefined;
  #answer = '';
  #id = '';
  #settle: ((loss: Loss) => void) | undefined;

  /** @param isKept whether it is used again, as long as the server wants that, or each request has one of its own */
  constructor(port: number, isKept: boolean) {
    this.#port = port;
    this.#isKept = isKept;
  }

  send(id: string, method: 'GET' | 'POST'): Promise<Loss> {
    const socket = (this.#socket ??= this.#connect());
    this.#answer = '';
    this.#id = id;
    const close = this.#isKept ? '' : 'Connection: close\r\n';
    const body = method === 'POST' ? `Content-Length: ${BODY.length}\r\n\r\n${BODY}` : '\r\n';
    socket.write(`${method} /?id=${id} HTTP/1.1\r\nHost: app\r\n${close}${body}`);
    return new Promise((resolve) => (this.#settle = resolve));
  }

  close(): void {
    this.#socket?.destroy();
  }

  #connect(): Socket {
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    const lose = (loss: string): void => {
      socket.destroy();
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#verdict(loss);
    };
    socket.setEncoding('latin1');
    socket.setTimeout(LIMIT_MS);
    socket.on('data', (text: string) => this.#read(socket, text));
    socket.on('timeout', () => lose('no answer'));
    socket.on('error', (error: NodeJS.ErrnoException) => lose(error.code ?? error.message));
    socket.on('end', () => lose('closed without an answer'));
    socket.on('close', () => lose('closed without an answer'));
    return socket;
  }

  #read(socket: Socket, text: string): void {
    // One that is not used any more: its end comes from the server.
    if (this.#socket !== socket) return;
    this.#answer += text;
    const headEnd = this.#answer.indexOf('\r\n\r\n');
    if (headEnd === -1) return;
    const head = this.#answer.slice(0, headEnd);
    const body = this.#answer.slice(headEnd + 4);
    const length = /^content-length: (\d+)$/im.exec(head)?.[1];
    if (length === undefined || body.length < Number(length)) return;
    if (!this.#isKept || /^connection: close$/im.test(head)) this.#socket = undefined;
    const status = head.slice('HTTP/1.1 '.length, 12);
    if (status !== '200') this.#verdict(`answered ${status}`);
    else this.#verdict(body === this.#id ? undefined : 'another answer');
  }

  #verdict(loss: Loss): void {
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(loss);
  }
}

const BODY = 'a body';
