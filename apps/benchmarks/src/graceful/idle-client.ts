// A client with many connections, in a process of its own, so that the end of theirs delays nobody's clock.
//
//   node idle-client.js <IdleOrder as JSON>
//
// Its first message says that every connection has been used once. To the message of a process' id it sends requests on a few of
// them and SIGTERM to that process in one go, and answers with what came of it.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { now } from '../harness/now.ts';

export interface IdleOrder {
  port: number;
  connections: number;
  /** Of them, those with a request at the moment of the signal. */
  racing: number;
}

export interface IdleOutcome {
  /** On `now()`'s clock. */
  signalledAt: number;
  lost: number;
}

const { port, connections, racing } = JSON.parse(process.argv[2] ?? '') as IdleOrder;
const connectingAtOnce = 100;
const sockets: Socket[] = [];

while (sockets.length < connections) {
  const length = Math.min(connectingAtOnce, connections - sockets.length);
  sockets.push(...(await Promise.all(Array.from({ length }, usedOnce))));
}
process.on('disconnect', () => process.exit());
process.on('message', (pid: number) => void race(pid));
process.send?.('ready');

async function race(pid: number): Promise<void> {
  const used = sockets.slice(0, racing);
  const before = used.slice(0, racing / 2).map(send);
  process.kill(pid, 'SIGTERM');
  const signalledAt = now();
  const after = used.slice(racing / 2).map(send);
  const answers = await Promise.all([...before, ...after]);
  const lost = answers.filter((answered) => !answered).length;
  process.send?.({ signalledAt, lost } satisfies IdleOutcome);
}

async function usedOnce(): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  // A connection that fails is closed as well.
  socket.on('error', (error) => void error);
  await once(socket, 'connect');
  if (!(await send(socket))) throw new Error('A connection was closed before its first answer');
  return socket;
}

/** Whether it was answered whole. */
function send(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    let text = '';
    const onClose = (): void => end(false);
    const onData = (bytes: Buffer): void => {
      text += bytes.toString('latin1');
      if (text.endsWith('\r\n\r\ndone')) end(text.startsWith('HTTP/1.1 200 '));
    };
    const end = (answered: boolean): void => {
      socket.off('data', onData);
      socket.off('close', onClose);
      socket.resume();
      resolve(answered);
    };
    if (socket.destroyed) return resolve(false);
    socket.on('data', onData);
    socket.on('close', onClose);
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  });
}
