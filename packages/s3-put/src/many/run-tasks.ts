import type { PutAnswer } from '../answer.ts';
import { untilAborted } from '../deadline.ts';
import { S3PutError } from '../errors.ts';
import { followSignal } from '../follow-signal.ts';
import { StopSignal } from '../stop-signal.ts';
import type { PutOptions } from '../options.ts';
import type { ManySettings } from './options.ts';
import type { PutFailure, PutItem, PutResult, StoppedBy } from './summary.ts';
import { Tally } from './tally.ts';

/** An item, and what stores it. */
export interface Task<Item> {
  item: Item;
  /** @throws {S3PutError} */
  put: (options: PutOptions) => Promise<PutAnswer>;
}

export interface Outcome<Item> {
  stored: number;
  bytes: number;
  failures: PutFailure<Item>[];
  /** How many tasks were begun. */
  begun: number;
  stoppedBy: StoppedBy | undefined;
}

/**
 * Runs the tasks in their order, `parallel` of them at a time, and asks for one no earlier than there is room for it.
 * Nothing is begun any more once it is stopped; it has ended when all that was begun has.
 *
 * @throws what the tasks' source or `onResult` threw, which stops it as well
 */
export async function runTasks<Item extends PutItem>(
  tasks: AsyncGenerator<Task<Item>, void, void>,
  settings: ManySettings<Item>,
): Promise<Outcome<Item>> {
  const { signal } = settings.each;
  const stopping = new StopSignal();
  const stop = (stoppedBy?: StoppedBy): void => {
    outcome.stoppedBy ??= stoppedBy;
    stopping.abort(STOPPED);
  };
  const outcome: Outcome<Item> = { stored: 0, bytes: 0, failures: [], begun: 0, stoppedBy: undefined };
  const tally = new Tally(settings.onProgress);
  const thrown: unknown[] = [];

  const work = async (): Promise<void> => {
    try {
      for (;;) {
        const task = await nextTask(tasks, stopping);
        if (task === undefined) return;
        outcome.begun += 1;
        const own = tally.begin();
        const result = await resultOf(task, { ...settings.each, onProgress: own.update });
        count(result, outcome);
        if (result.error?.code === 'ECLOSED') stop('close');
        else if (result.error !== undefined && settings.stopOnError) stop('failure');
        own.end(result.answer);
        await settings.onResult?.(result);
      }
    } catch (error) {
      thrown.push(error);
      stop();
    }
  };

  const unfollow = signal && followSignal(signal, () => stop('signal'));
  if (signal?.aborted) stop('signal');
  await Promise.all(Array.from({ length: settings.parallel }, work));
  unfollow?.();
  // Not waited for: the source may be waiting for something that never comes.
  tasks.return().catch(() => undefined);
  // The last progress is told a tick later, and should not come after all is over.
  await new Promise<void>((resolve) => process.nextTick(resolve));
  if (thrown.length > 0) throw thrown[0];
  return outcome;
}

/** Undefined when there is none any more, or it is stopped. */
async function nextTask<Item>(
  tasks: AsyncGenerator<Task<Item>, void, void>,
  stopped: StopSignal,
): Promise<Task<Item> | undefined> {
  if (stopped.aborted) return undefined;
  try {
    return (await untilAborted(stopped, tasks.next())).value ?? undefined;
  } catch (error) {
    if (stopped.aborted) return undefined;
    throw error;
  }
}

/** Nobody gets to see it. */
const STOPPED = new Error('nothing more is begun');

async function resultOf<Item>({ item, put }: Task<Item>, options: PutOptions): Promise<PutResult<Item>> {
  try {
    return { item, answer: await put(options) };
  } catch (error) {
    if (error instanceof S3PutError) return { item, error };
    throw error;
  }
}

function count<Item>({ item, answer, error }: PutResult<Item>, outcome: Outcome<Item>): void {
  if (error !== undefined) {
    outcome.failures.push({ item, error });
  } else {
    outcome.stored += 1;
    outcome.bytes += answer.bytes;
  }
}
