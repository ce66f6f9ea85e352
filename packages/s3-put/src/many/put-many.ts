import { invalid } from '../errors.ts';
import type { PutOptions } from '../options.ts';
import type { PutAnswer } from '../answer.ts';
import type { S3Put } from '../s3-put.ts';
import type { ManySettings } from './options.ts';
import { runTasks } from './run-tasks.ts';
import type { Outcome, Task } from './run-tasks.ts';
import type { PutItem, PutManySummary } from './summary.ts';

export type PutItems<Item> = Iterable<Item> | AsyncIterable<Item>;

/** @throws {S3PutError} EINVALID */
export async function putMany<Item extends PutItem>(
  s3Put: S3Put,
  items: PutItems<Item>,
  settings: ManySettings<Item>,
): Promise<PutManySummary<Item>> {
  if (!isIterable(items))
    throw invalid('Expected the items to be an array, an iterable or an async iterable');
  const startedAt = performance.now();
  // Of an array that its owner may go on changing.
  const known = Array.isArray(items) ? ([...items] as Item[]) : undefined;
  const outcome = await runTasks(tasksOf(known ?? items, s3Put), settings);
  return summaryOf(outcome, known?.slice(outcome.begun) ?? [], startedAt);
}

export function summaryOf<Item>(
  { stored, bytes, failures, stoppedBy }: Outcome<Item>,
  notTried: Item[],
  startedAt: number,
): PutManySummary<Item> {
  const durationMs = Math.round(performance.now() - startedAt);
  return { stored, failed: failures.length, bytes, durationMs, failures, notTried, stoppedBy };
}

async function* tasksOf<Item extends PutItem>(
  items: PutItems<Item>,
  s3Put: S3Put,
): AsyncGenerator<Task<Item>, void, void> {
  for await (const item of items) yield { item, put: (options) => putItem(s3Put, item, options) };
}

/** One that is wrong fails alone. */
async function putItem(s3Put: S3Put, item: PutItem, options: PutOptions): Promise<PutAnswer> {
  if (typeof item !== 'object' || item === null)
    throw invalid(`Expected each item to be an object, got ${String(item)}`);
  const { filePath, bytes, key, headers = {} } = item;
  if ((filePath === undefined) === (bytes === undefined))
    throw invalid('Expected each item to have either a `filePath` or `bytes`', { key });
  return filePath === undefined
    ? await s3Put.putBuffer(bytes, key, headers, options)
    : await s3Put.put(filePath, key, headers, options);
}

const isIterable = (items: unknown): boolean =>
  typeof items === 'object' && items !== null && (Symbol.iterator in items || Symbol.asyncIterator in items);
