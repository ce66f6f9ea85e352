// A candidate in a process of its own, so that nobody pays for what another one switches on, as for async hooks.
//
//   node candidate.js <name> <connection string> <connections>
//
// Each message to it is the number of transactions that it is to make, by as many workers as it says; it answers with what they took.
import { type CandidateName, candidates } from './candidates.ts';

export interface Order {
  transactions: number;
  workers: number;
}

export interface Taken {
  seconds: number;
  /** Of this process, user and system. */
  cpuMicroseconds: number;
}

const [name, connectionString, connections] = process.argv.slice(2) as [CandidateName, string, string];
const candidate = await candidates[name](connectionString, Number(connections));

process.on('message', (order: Order) => {
  void run(order).then((taken) => process.send?.(taken));
});
process.on('disconnect', () => {
  void candidate.end();
});
process.send?.('ready');

async function run({ transactions, workers }: Order): Promise<Taken> {
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  let left = transactions;
  const work = async (_: unknown, worker: number): Promise<void> => {
    while (left-- > 0) await candidate.transaction(worker);
  };
  await Promise.all(Array.from({ length: workers }, work));
  const seconds = (performance.now() - start) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { seconds, cpuMicroseconds: user + system };
}
