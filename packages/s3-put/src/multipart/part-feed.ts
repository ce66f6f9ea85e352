import type { Source } from '../source/source.ts';
import type { StopSignal } from '../stop-signal.ts';

/** The next part of an object. */
export interface FedPart {
  /** From 1 on. */
  number: number;
  source: Source;
}

/** Where the parts come from. Several may be asked for at a time. */
export interface PartFeed {
  /** Size of every part but the last. */
  readonly partBytes: number;
  /** How many there are, where that is known. */
  readonly partCount: number | undefined;
  /**
   * The next part. Undefined after the last one.
   * @throws {Failure} ESTREAM
   */
  next(signal: StopSignal): Promise<FedPart | undefined>;
  /** @throws {Failure} EFILECHANGED */
  assertUnchanged(): Promise<void>;
}

/** S3's limit. */
export const MOST_PARTS = 10_000;
