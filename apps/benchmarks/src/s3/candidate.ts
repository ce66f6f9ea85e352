// A candidate in a process of its own, so that its CPU and its memory are its own.
//
//   node --expose-gc candidate.js <name> <endpoint> <small file>
//
// It puts the small file once, to be warm. Each Order is answered with what it Took.
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { type CandidateName, candidates, type File } from './candidates.ts';

export interface Order {
  file: File;
  bucket: string;
  times: number;
  atOnce: number;
  /**
   * Whether it is for the sake of `peakBytes`: then it begins with the garbage collected, which makes V8 forget compiled code, and
   * says nothing about time and CPU.
   */
  isForMemory?: boolean;
}

export interface Taken {
  seconds: number;
  /** Of all threads of this process, user and system. */
  cpuSeconds: number;
  /** The most resident memory above that of the process when it was idle; undefined where there is no /proc to tell, and unless it was for that. */
  peakBytes: number | undefined;
  /** Of those that failed, what they said. */
  failures: string[];
}

const [name, endpoint, smallFile] = process.argv.slice(2) as [CandidateName, string, string];
const candidate = await candidates[name](endpoint);
await candidate.put({ path: smallFile, bytes: statSync(smallFile).size }, 'sink');

/** The least that was resident between two orders: it falls for a while after the start, and what is kept after an order counts as taken. */
let idleBytes = Infinity;

process.on('message', (order: Order) => {
  void run(order).then((taken) => process.send?.(taken));
});
process.on('disconnect', () => {
  void Promise.resolve(candidate.end()).then(() => process.exit());
});
process.send?.('ready');

async function run({ file, bucket, times, atOnce, isForMemory = false }: Order): Promise<Taken> {
  const failures: string[] = [];
  let left = times;
  const work = async (): Promise<void> => {
    while (left-- > 0) {
      try {
        await candidate.put(file, bucket);
      } catch (error) {
        failures.push(String(error));
      }
    }
  };
  const isMemoryTold = isForMemory && existsSync('/proc/self/clear_refs');
  if (isMemoryTold) {
    globalThis.gc?.();
    idleBytes = Math.min(idleBytes, memory('VmRSS'));
    // proc(5): sets the peak of the resident memory to what is resident now.
    writeFileSync('/proc/self/clear_refs', '5');
  }
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  await Promise.all(Array.from({ length: atOnce }, work));
  const seconds = (performance.now() - start) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  const peakBytes = isMemoryTold ? memory('VmHWM') - idleBytes : undefined;
  return { seconds, cpuSeconds: (user + system) / 1e6, peakBytes, failures };
}

function memory(field: 'VmRSS' | 'VmHWM'): number {
  const kiB = new RegExp(`^${field}:\\s*(\\d+) kB`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return Number(kiB) * 1024;
}
