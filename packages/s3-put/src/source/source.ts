import { Digesting, digestsInThread, isEmpty, isQuick, THREAD_FROM_BYTES } from '../checksum/digests.ts';
import { areMissing } from '../checksum/hash-threads.ts';
import type { BodyDigests, DigestPlan, Hashable } from '../checksum/digests.ts';
import type { StopSignal } from '../stop-signal.ts';

/**
 * Something of a known size that can be sent, and sent again. It is deliberately no stream: a stream can be read only once, and
 * the SDK's client neither retries it nor sends it without aws-chunked framing.
 */
export interface Source extends Hashable {
  /** All of it, when it is in memory. */
  readonly content?: Uint8Array;
  /**
   * The bytes from the start, at least one piece, `size` bytes in all. A piece is good until the next one is asked for.
   * @throws {Failure} EFILEREAD, EFILECHANGED
   */
  pieces(): AsyncGenerator<Uint8Array, void, void>;
  /** @throws {Failure} EFILECHANGED when the bytes are no longer those that were read before */
  assertUnchanged(): Promise<void>;
  /** `isStored` when all went well, so that nothing holds its memory any more. */
  close(isStored: boolean): Promise<void>;
}

/**
 * Reads the whole source once. S3 wants its checksum before the body.
 * @throws {Failure} EFILEREAD, EFILECHANGED, or the reason of `signal`
 */
export async function digestsOf(source: Source, plan: DigestPlan, signal: StopSignal): Promise<BodyDigests> {
  if (isEmpty(plan)) return { checksum: undefined, md5: undefined };
  const { content } = source;
  if (!isQuick(plan) && source.size >= THREAD_FROM_BYTES) {
    try {
      return await digestsInThread(source, plan, signal);
    } catch (error) {
      if (!areMissing(error)) throw error;
    }
  }
  const digesting = new Digesting(plan);
  if (content !== undefined) return digesting.update(content).end();
  for await (const piece of source.pieces()) {
    signal.throwIfAborted();
    digesting.update(piece);
  }
  await source.assertUnchanged();
  return digesting.end();
}
