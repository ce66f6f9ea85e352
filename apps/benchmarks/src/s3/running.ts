import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Order, Taken } from './candidate.ts';
import type { CandidateName } from './candidates.ts';
import type { Place } from './place.ts';
import { forbiddenBucket } from './sink-answers.ts';
import type { Counts, Ports } from './sink.ts';

/** One order, what it took of the candidate, and what came of it at the sink. */
export type Measured = Taken & Counts & { order: Order };

export interface Sink {
  endpoints: Record<'http' | 'https', string>;
  /** Since the last time that it was asked. */
  counts(): Promise<Counts>;
  stop(): Promise<void>;
}

export async function startSink(): Promise<Sink> {
  const child = fork(fileURLToPath(new URL('sink.js', import.meta.url)));
  const { http, https } = await messageOf<Ports>(child);
  return {
    endpoints: { http: `http://127.0.0.1:${http}`, https: `https://127.0.0.1:${https}` },
    counts() {
      child.send('count');
      return messageOf<Counts>(child);
    },
    stop: () => leave(child),
  };
}

/** Runs `work` with a process for each of the named candidates; what it gets makes, of an order, a task for each of them. */
export async function withCandidates<Name extends CandidateName, T>(
  names: readonly Name[],
  scheme: 'http' | 'https',
  { sink, small, certificateFile }: Place,
  work: (tasks: (order: Order) => Record<Name, () => Promise<Measured>>) => Promise<T>,
): Promise<T> {
  const program = fileURLToPath(new URL('candidate.js', import.meta.url));
  const children = new Map<Name, ChildProcess>();
  try {
    const env = {
      ...process.env,
      NODE_EXTRA_CA_CERTS: certificateFile,
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    };
    for (const name of names) {
      const argv = [name, sink.endpoints[scheme], small.path];
      children.set(name, fork(program, argv, { execArgv: ['--expose-gc'], env }));
    }
    await Promise.all([...children.values()].map((child) => messageOf(child)));
    const put = async (name: Name, child: ChildProcess, order: Order): Promise<Measured> => {
      await sink.counts();
      child.send(order);
      const taken = await messageOf<Taken>(child);
      const [failure] = taken.failures;
      if (failure !== undefined && order.bucket !== forbiddenBucket) throw new Error(`${name}: ${failure}`);
      return { order, ...taken, ...(await sink.counts()) };
    };
    return await work((order) => {
      const tasks = [...children].map(([name, child]) => [name, () => put(name, child, order)]);
      return Object.fromEntries(tasks) as Record<Name, () => Promise<Measured>>;
    });
  } finally {
    await Promise.all([...children.values()].map(leave));
  }
}

/** One figure of each sample that was taken for it. */
export function valuesOf<Name extends string>(
  samples: Record<Name, Measured[]>,
  figure: (measured: Measured) => number,
  areForMemory = false,
): Record<Name, number[]> {
  const entries = Object.entries<Measured[]>(samples).map(([name, measured]) => [
    name,
    measured.filter(({ order }) => (order.isForMemory ?? false) === areForMemory).map(figure),
  ]);
  return Object.fromEntries(entries) as Record<Name, number[]>;
}

async function messageOf<T>(child: ChildProcess): Promise<T> {
  const ended = new AbortController();
  const { signal } = ended;
  try {
    const exited = once(child, 'exit', { signal }).then(([code]) => {
      throw new Error(`${child.spawnargs.slice(1).join(' ')} exited with ${code}`);
    });
    const [message] = (await Promise.race([once(child, 'message', { signal }), exited])) as [T];
    return message;
  } finally {
    ended.abort();
  }
}

async function leave(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.disconnect();
  await exited;
}
