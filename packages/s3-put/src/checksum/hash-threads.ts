import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { HashName } from './algorithm.ts';
import type { FileSpan, HashAnswer, HashRequest } from './hash-worker.ts';
import { LANES } from './md5-module.ts';

/** Hashes of the same bytes, made in one of the process's threads. */
export class ThreadHashes {
  readonly #names: readonly HashName[];
  readonly #job = (lastJob += 1);
  readonly #thread;
  readonly #hasCompany;
  #isOver = false;

  constructor(names: readonly HashName[]) {
    this.#names = names;
    this.#thread = threadFor(names);
    this.#thread.begin();
    this.#hasCompany = this.#thread.jobs > 1;
  }

  /**
   * Takes the next bytes, which must not change meanwhile. With the last ones it answers the digests, in the order of the names.
   * @throws {Error} when the thread has died
   */
  async take(input: Uint8Array | FileSpan, isLast: boolean): Promise<HashAnswer> {
    const answer = await this.#thread.ask({
      job: this.#job,
      names: this.#names,
      input: input instanceof Uint8Array ? transferable(input) : input,
      isLast,
      hasCompany: this.#hasCompany,
    });
    this.#isOver = isLast || answer.error !== undefined;
    return answer;
  }

  /** When it is over, or nobody wants it any more. */
  release(): void {
    // The thread forgets what it has of it.
    if (!this.#isOver) this.take(new Uint8Array(), true).catch(() => undefined);
    this.#thread.end();
  }
}

/** Whether a program's bundle lacks the thread's own file, or its permissions forbid threads. Then all is hashed here. */
export function areMissing(error: unknown): boolean {
  return MISSING_CODES.has((error as NodeJS.ErrnoException).code ?? '');
}

const MISSING_CODES = new Set(['ERR_ACCESS_DENIED', 'ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']);

/** Shared memory is handed over as it is; other memory would be copied with all that surrounds the bytes. */
const transferable = (bytes: Uint8Array): Uint8Array =>
  bytes.buffer instanceof SharedArrayBuffer ? bytes : Uint8Array.from(bytes);

class Thread {
  // Without the program's own flags, of which a thread refuses some, and whose preloads are none of its business.
  readonly #worker = new Worker(new URL('./hash-worker.js', import.meta.url), { execArgv: [] });
  readonly #waiting = new Map<
    number,
    { resolve: (answer: HashAnswer) => void; reject: (error: Error) => void }
  >();
  #idle: NodeJS.Timeout | undefined;
  #death: Error | undefined;
  jobs = 0;

  constructor() {
    this.#worker.on('message', (answer: HashAnswer) => {
      this.#waiting.get(answer.job)?.resolve(answer);
      this.#waiting.delete(answer.job);
    });
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(new Error('the thread that hashes has ended')));
  }

  begin(): void {
    clearTimeout(this.#idle);
    this.jobs += 1;
    this.#worker.ref();
  }

  end(): void {
    this.jobs -= 1;
    if (this.jobs > 0) return;
    this.#worker.unref();
    this.#idle = setTimeout(() => {
      threads.delete(this);
      void this.#worker.terminate();
    }, IDLE_MS).unref();
  }

  ask(request: HashRequest): Promise<HashAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#death !== undefined) return reject(this.#death);
      this.#waiting.set(request.job, { resolve, reject });
      return this.#worker.postMessage(request);
    });
  }

  #fail(error: Error): void {
    this.#death ??= error;
    threads.delete(this);
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

/** MD5 joins others as long as there is a lane for it, and leaves a processor to the sending, so that no lane stays empty. */
function threadFor(names: readonly HashName[]): Thread {
  if (!names.includes('MD5')) return leastBusy(MOST_THREADS);
  let chosen: Thread | undefined;
  for (const thread of threads) if (thread.jobs < LANES && thread.jobs > (chosen?.jobs ?? 0)) chosen = thread;
  return chosen ?? leastBusy(MOST_MD5_THREADS);
}

function leastBusy(most: number): Thread {
  let chosen: Thread | undefined;
  for (const thread of threads) if (chosen === undefined || thread.jobs < chosen.jobs) chosen = thread;
  if (chosen !== undefined && (chosen.jobs === 0 || threads.size >= most)) return chosen;
  const started = new Thread();
  threads.add(started);
  return started;
}

/** Started when one is needed, ended after a while without. */
const threads = new Set<Thread>();
let lastJob = 0;

const MOST_THREADS = Math.min(4, Math.max(2, availableParallelism()));

const MOST_MD5_THREADS = Math.min(4, Math.max(1, availableParallelism() - 1));
const IDLE_MS = 5_000;
