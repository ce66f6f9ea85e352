import type { StopSignal } from '../stop-signal.ts';
import { newHash } from './algorithm.ts';
import type { ChecksumAlgorithm, HashName } from './algorithm.ts';
import { ThreadHashes } from './hash-threads.ts';

/** Which digests a body needs. */
export interface DigestPlan {
  /** Undefined when the caller brought a checksum. */
  algorithm: ChecksumAlgorithm | undefined;
  md5: boolean;
}

/** What a body's bytes came to. */
export interface BodyDigests {
  checksum: Buffer | undefined;
  md5: Buffer | undefined;
}

export const isEmpty = ({ algorithm, md5 }: DigestPlan): boolean => algorithm === undefined && !md5;

/** Whether it is nothing but a CRC32, which costs about as little as the read that goes before it. */
export const isQuick = ({ algorithm, md5 }: DigestPlan): boolean => algorithm === 'CRC32' && !md5;

const namesOf = ({ algorithm, md5 }: DigestPlan): HashName[] => [
  ...(algorithm === undefined ? [] : [algorithm]),
  ...(md5 ? ['MD5' as const] : []),
];

const digestsFrom = ({ algorithm }: DigestPlan, made: readonly Uint8Array[]): BodyDigests => {
  const [checksum, md5] = (algorithm === undefined ? [undefined, ...made] : made).map(
    (digest) => digest && Buffer.from(digest),
  );
  return { checksum, md5 };
};

/** Made here, piece by piece. */
export class Digesting {
  readonly #plan: DigestPlan;
  readonly #hashes;

  constructor(plan: DigestPlan) {
    this.#plan = plan;
    this.#hashes = namesOf(plan).map(newHash);
  }

  update(bytes: Uint8Array): this {
    for (const hash of this.#hashes) hash.update(bytes);
    return this;
  }

  end(): BodyDigests {
    return digestsFrom(
      this.#plan,
      this.#hashes.map((hash) => hash.digest()),
    );
  }
}

/** Something that a thread can hash, stretch by stretch. */
export interface Hashable {
  readonly size: number;
  /** Hashes the next stretch of it; resolves to the digests, in the order of the hashes' names, after the last one. */
  hashStretch(
    hashes: ThreadHashes,
    stretch: { position: number; length: number; isLast: boolean },
  ): Promise<readonly Uint8Array[] | undefined>;
}

/** Made in a thread. Rejects with the reason of `signal`, or as a stretch does. */
export async function digestsInThread(
  source: Hashable,
  plan: DigestPlan,
  signal: StopSignal,
): Promise<BodyDigests> {
  const hashes = new ThreadHashes(namesOf(plan));
  try {
    for (let position = 0; ; position += STRETCH_BYTES) {
      signal.throwIfAborted();
      const length = Math.min(STRETCH_BYTES, source.size - position);
      const isLast = position + length === source.size;
      const digests = await source.hashStretch(hashes, { position, length, isLast });
      if (digests !== undefined) return digestsFrom(plan, digests);
    }
  } finally {
    hashes.release();
  }
}

/** Between two of them it can be aborted. */
const STRETCH_BYTES = 8 * 1024 * 1024;

/** From here on a thread's round trip costs less than a slow hash. */
export const THREAD_FROM_BYTES = 512 * 1024;
