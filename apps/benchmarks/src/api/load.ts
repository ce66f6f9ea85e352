import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { now } from '../harness/now.ts';

export interface Load {
  readonly port: number;
  readonly durationMs: number;
  readonly connections: number;
  readonly status: number;
  /** The next request of a connection, as it goes over the wire. */
  readonly next: (connection: number) => string;
}

/** Each connection sends its next request when the last was answered. @throws at the first answer with another status */
export async function requestsPerSecond({
  port,
  durationMs,
  connections,
  status,
  next,
}: Load): Promise<number> {
  const sockets = Array.from({ length: connections }, () =>
    connect({ port, host: '127.0.0.1', noDelay: true }),
  );
  try {
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    let answered = 0;
    const failed = new Promise<never>((_, reject) => {
      for (const [index, socket] of sockets.entries()) {
        const answers = new Answers((head) => {
          if (!head.startsWith(`HTTP/1.1 ${status} `)) reject(new Error(`An answer was ${head}`));
          answered++;
          socket.write(next(index));
        });
        socket.on('data', (chunk: Buffer) => answers.read(chunk));
        socket.on('error', reject);
        socket.on('end', () => reject(new Error('The server closed a connection')));
        socket.write(next(index));
      }
    });
    const startedAt = now();
    await Promise.race([sleep(durationMs), failed]);
    return answered / ((now() - startedAt) / 1000);
  } finally {
    await Promise.all(sockets.map(ended));
  }
}

/** What is still asked is not answered: the server must be done with it before somebody else is measured. */
async function ended(socket: Socket): Promise<void> {
  socket.destroy();
  if (!socket.closed) await once(socket, 'close');
}

/** The heads of answers with a Content-Length, one after the other. */
class Answers {
  readonly #answered: (head: string) => void;
  #text = '';
  #bodyBytes = 0;

  constructor(answered: (head: string) => void) {
    this.#answered = answered;
  }

  read(chunk: Buffer): void {
    this.#text += chunk.toString('latin1');
    const headLength = this.#text.indexOf('\r\n\r\n') + 4;
    if (headLength < 4) return;
    if (this.#bodyBytes === 0) this.#bodyBytes = Number(/content-length: (\d+)/i.exec(this.#text)?.[1]);
    if (this.#text.length < headLength + this.#bodyBytes) return;
    const head = this.#text.slice(0, headLength);
    this.#text = '';
    this.#bodyBytes = 0;
    this.#answered(head);
  }
}
