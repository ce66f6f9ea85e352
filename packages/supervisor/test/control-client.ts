import { once } from 'node:events';
import net from 'node:net';
import { waitUntil } from '@silly-face/testing';

export type Frame = Record<string, unknown> & { ok?: boolean; error?: { code: string; message: string } };

/** Somebody at a control socket who may send whatever comes to mind. */
export interface ControlClient {
  readonly socket: net.Socket;
  /** What came so far. */
  readonly frames: Frame[];
  readonly closed: Promise<void>;
  /** The next frame, counted from the first. */
  next(): Promise<Frame>;
  send(text: string | Uint8Array): void;
}

export async function connectTo(path: string): Promise<ControlClient> {
  const socket = net.connect(path);
  const frames: Frame[] = [];
  let rest = '';
  let read = 0;
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) frames.push(JSON.parse(line) as Frame);
  });
  // The server may have closed the connection before it has read everything.
  socket.on('error', () => {});
  await once(socket, 'connect');
  return {
    socket,
    frames,
    closed: new Promise<void>((resolve) => socket.once('close', () => resolve())),
    next: async () => {
      const index = read++;
      return waitUntil(() => frames[index], { what: `frame ${index}`, intervalMs: 5 });
    },
    send: (text) => void socket.write(text),
  };
}

/** One request on a connection of its own: all that comes back. */
export async function converse(path: string, request: object): Promise<Frame[]> {
  const client = await connectTo(path);
  client.send(`${JSON.stringify(request)}\n`);
  client.socket.end();
  await client.closed;
  return client.frames;
}
