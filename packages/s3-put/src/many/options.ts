import { count, expected, putSettingsOf, refuseUnknown } from '../options.ts';
import type { PutOptions, Settings } from '../options.ts';
import type { ManyProgress, PutItem, PutResult } from './summary.ts';

export interface PutManyOptions<Item extends PutItem = PutItem> {
  /** Puts at a time, each with one open file. @default 8 */
  parallel?: number;
  /** Begin nothing after the first failure. What is under way then is not aborted. @default false */
  stopOnError?: boolean;
  /** Aborting ends what is under way at once, with EABORTED, and begins nothing more. */
  signal?: AbortSignal;
  /** The limit of each put, in place of the S3Put's own. */
  totalTimeoutMs?: number;
  /** Told how each put ended, as it ends. A promise that it returns holds back the next put in the place of this one. */
  onResult?: (result: PutResult<Item>) => void | Promise<void>;
  /** Told how far all of them are. */
  onProgress?: (progress: ManyProgress) => void;
}

export interface ManySettings<Item extends PutItem> {
  parallel: number;
  stopOnError: boolean;
  onResult: PutManyOptions<Item>['onResult'];
  onProgress: PutManyOptions<Item>['onProgress'];
  /** What each put gets. */
  each: Pick<PutOptions, 'signal' | 'totalTimeoutMs'>;
}

export const MANY_OPTION_NAMES = [
  'parallel',
  'stopOnError',
  'signal',
  'totalTimeoutMs',
  'onResult',
  'onProgress',
] as const;

/** @throws {S3PutError} EINVALID */
export function manySettingsOf<Item extends PutItem>(
  options: PutManyOptions<Item>,
  settings: Settings,
): ManySettings<Item> {
  refuseUnknown('option', options, MANY_OPTION_NAMES);
  const { parallel = 8, stopOnError = false, onResult, onProgress, signal, totalTimeoutMs } = options;
  if (typeof stopOnError !== 'boolean') throw expected('stopOnError', 'a boolean', stopOnError);
  assertFunction('onResult', onResult);
  assertFunction('onProgress', onProgress);
  const each = { ...(signal && { signal }), ...(totalTimeoutMs !== undefined && { totalTimeoutMs }) };
  putSettingsOf(each, settings);
  return { parallel: count('parallel', parallel, 1), stopOnError, onResult, onProgress, each };
}

export function assertFunction(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') throw expected(name, 'a function', value);
}
