import { once } from 'node:events';
import net from 'node:net';
import { join } from 'node:path';
import { Supervisor, type ChildOptions } from '@silly-face/supervisor';
import { waitUntil } from '@silly-face/testing';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from './temporary-folder.ts';

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

export const sleeper = { name: 'web', command: 'sh', args: ['-c', 'echo hello; exec sleep 600'] };

/** A supervisor with a control socket; stopped after the test. */
export async function supervise(
  children: readonly ChildOptions[] = [sleeper],
): Promise<{ supervisor: Supervisor; path: string }> {
  const path = join(temporaryFolder(), 'control.sock');
  const supervisor = new Supervisor({ children, controlSocket: path });
  onTestFinished(() => supervisor.stop());
  await supervisor.start();
  return { supervisor, path };
}
