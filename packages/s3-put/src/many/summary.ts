import type { PutAnswer } from '../answer.ts';
import type { S3PutError } from '../errors.ts';
import type { PutHeaders } from '../headers.ts';

/** One of many: a file or bytes, and where they go. What else it has comes back with its result. */
export type PutItem = { key: string; headers?: PutHeaders } & (
  | { filePath: string; bytes?: undefined }
  | { bytes: Uint8Array; filePath?: undefined }
);

/** How the put of one item ended. */
export type PutResult<Item> =
  | { item: Item; answer: PutAnswer; error?: undefined }
  | { item: Item; answer?: undefined; error: S3PutError };

export interface PutFailure<Item> {
  item: Item;
  error: S3PutError;
}

/** How far all puts are. */
export interface ManyProgress {
  /** Puts that have ended well. */
  stored: number;
  failed: number;
  /** What S3 has acknowledged, of those under way as well. */
  bytes: number;
  /** What was handed to the connections. It goes back where an attempt is repeated, or a put fails. */
  sentBytes: number;
}

/** How many puts ended. Nothing is lost only when `failed` is 0 and `stoppedBy` undefined. */
export interface PutManySummary<Item = PutItem> {
  stored: number;
  failed: number;
  /** Bytes of the stored objects. */
  bytes: number;
  durationMs: number;
  /** The items that failed and why, in the order in which they did: what to try again. */
  failures: PutFailure<Item>[];
  /** Of an array, the items that were never begun; what an iterable had not given yet is not known. */
  notTried: Item[];
  /** What ended it before all were tried: the `signal`, a failure with `stopOnError`, or closing the S3Put. */
  stoppedBy: StoppedBy | undefined;
}

export type StoppedBy = 'signal' | 'failure' | 'close';
