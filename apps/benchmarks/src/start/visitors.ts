import { Agent, get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const ASKING = 8;
const PAUSE_MS = 20;
const SILENT = 32;

/** Clients that ask again and again, and as a proxy's pool connections that were used once and stay open until the server ends them. */
export function visitors(port: number): { end(): Promise<void> } {
  const over = new AbortController();
  const agent = new Agent({ keepAlive: true });
  const asking = Array.from({ length: ASKING }, async () => {
    while (!over.signal.aborted) {
      await ask(port, agent);
      await sleep(PAUSE_MS);
    }
  });
  const silent = Array.from({ length: SILENT }, () => stayConnected(port));
  return {
    async end() {
      over.abort();
      await Promise.all(asking);
      agent.destroy();
      for (const socket of silent) socket.destroy();
    },
  };
}

/** What becomes of it is measured elsewhere. */
async function ask(port: number, agent: Agent): Promise<void> {
  await new Promise<void>((resolve) => {
    get({ host: '127.0.0.1', port, path: '/_health', agent }, (response) => {
      response.resume().once('close', resolve);
    }).once('error', () => resolve());
  });
}

function stayConnected(port: number): Socket {
  const socket = connect(port, '127.0.0.1', () =>
    socket.write('GET /_health HTTP/1.1\r\nHost: bench\r\n\r\n'),
  );
  return socket.resume().on('error', () => {}); // The server may end it in any way.
}
