// A strict client, a process of its own: every request gets a verdict.
//
//   node client.js <Order as JSON>
//
// It tells every 100 ms how much it has sent, ends what is in flight when it is told to stop, and then tells its verdicts.
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from './connection.ts';

export interface Order {
  port: number;
  connections: 'kept' | 'fresh';
  /** So many requests at a time, one after the other. */
  busy: number;
  /** So many more who pause for up to 30 ms between their requests, so that they meet idle connections. */
  pausing: number;
}

export interface Verdicts {
  sent: number;
  lost: number;
  /** How many were lost in which way. */
  losses: Record<string, number>;
}

export type Report = { sent: number } | { verdicts: Verdicts };

const { port, connections, busy, pausing } = JSON.parse(process.argv[2] ?? '') as Order;
const verdicts: Verdicts = { sent: 0, lost: 0, losses: {} };
const stopping = new AbortController();

async function run(pauseMs: number): Promise<void> {
  const connection = new Connection(port, connections === 'kept');
  while (!stopping.signal.aborted) {
    const id = ++verdicts.sent;
    const method = id % 2 === 0 ? 'GET' : 'POST';
    const loss = await connection.send(String(id), method);
    if (loss !== undefined) {
      verdicts.lost += 1;
      const kind = `${method} ${loss}`;
      verdicts.losses[kind] = (verdicts.losses[kind] ?? 0) + 1;
      // Where nobody listens, it would count nothing else.
      await sleep(5);
    }
    if (pauseMs > 0) await sleep(Math.random() * pauseMs);
  }
  connection.close();
}

const tell = (report: Report): void => void process.send?.(report);
const clients = [
  ...Array.from({ length: busy }, () => run(0)),
  ...Array.from({ length: pausing }, () => run(30)),
];
const progress = setInterval(() => tell({ sent: verdicts.sent }), 100);
process.on('message', () => stopping.abort());
process.on('disconnect', () => process.exit());

await Promise.all(clients);
clearInterval(progress);
tell({ verdicts });
