import type { ChecksumAlgorithm } from '../checksum/algorithm.ts';
import type { S3Request } from '../request.ts';
import { S3Error } from '../s3-error.ts';
import type { VerifiedSignature } from '../signature/verify.ts';
import { decodeAwsChunked } from './aws-chunked.ts';
import { PromisedDigests } from './promised-digests.ts';
import type { BodyDigests } from './promised-digests.ts';

export interface ReceivedBody extends BodyDigests {
  readonly bytes: number;
}

export interface RequestBodyOptions {
  /** Missing where it comes in the body itself. */
  readonly signature: VerifiedSignature | undefined;
  /** Whether digests in the headers are the body's; else only the signature's own is held against it. */
  readonly digestsDescribeBody: boolean;
  /** Called right before the first byte is asked for. */
  readonly onRead: () => void;
}

/** The 10,000 parts of an upload, with checksums and white space, are the most that has to fit. */
const maximumDocumentBytes = 5 * 1024 * 1024;

/**
 * A request's payload: taken out of its framing and held against every promise made about it. Nothing is read, and no
 * `100 Continue` is sent, before an operation asks for it.
 */
export class RequestBody {
  readonly #source: AsyncIterable<Buffer>;
  readonly #signature: VerifiedSignature | undefined;
  readonly #onRead: () => void;
  readonly #promised: PromisedDigests;
  /** Whether the payload comes as `aws-chunked`. */
  readonly isFramed: boolean;
  /** The payload's size, as the head of the request has it. */
  readonly declaredBytes: number | undefined;

  constructor(
    source: AsyncIterable<Buffer>,
    request: S3Request,
    { signature, digestsDescribeBody, onRead }: RequestBodyOptions,
  ) {
    this.#source = source;
    this.#signature = signature;
    this.#onRead = onRead;
    const payloadHash = signature?.payloadHash ?? 'UNSIGNED-PAYLOAD';
    this.isFramed = payloadHash.startsWith('STREAMING-');
    const size = request.headers.get(this.isFramed ? 'x-amz-decoded-content-length' : 'content-length');
    this.declaredBytes = size !== undefined && /^\d{1,15}$/.test(size) ? Number(size) : undefined;
    this.#promised = new PromisedDigests(digestsDescribeBody ? request.headers : new Map(), payloadHash);
  }

  /** Whether the head names a digest that S3 accepts as proof where it demands one. */
  get hasProof(): boolean {
    return this.#promised.hasProof;
  }

  /** The checksum that comes in the head or in a trailer. */
  get promisedAlgorithm(): ChecksumAlgorithm | undefined {
    return this.#promised.algorithm;
  }

  /** Asks for a checksum of the payload, also where none was promised. */
  computeChecksum(algorithm: ChecksumAlgorithm): void {
    this.#promised.computeChecksum(algorithm);
  }

  /** Passes the payload on, piece by piece. What was passed on counts only once this has resolved. */
  async receive(take: (piece: Buffer) => Promise<void>): Promise<ReceivedBody> {
    this.#onRead();
    let bytes = 0;
    for await (const piece of this.#payload()) {
      bytes += piece.length;
      if (this.declaredBytes !== undefined && bytes > this.declaredBytes) throw new S3Error('IncompleteBody');
      this.#promised.update(piece);
      await take(piece);
    }
    if (this.declaredBytes !== undefined && bytes !== this.declaredBytes) throw new S3Error('IncompleteBody');
    return { bytes, ...this.#promised.finish() };
  }

  /** The whole payload as text, for the small XML documents that some operations take. */
  async text(): Promise<string> {
    const pieces: Buffer[] = [];
    let bytes = 0;
    await this.receive(async (piece) => {
      bytes += piece.length;
      if (bytes > maximumDocumentBytes) throw new S3Error('EntityTooLarge');
      pieces.push(piece);
    });
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(pieces));
    } catch (cause) {
      throw new S3Error('MalformedXML', { cause });
    }
  }

  #payload(): AsyncIterable<Buffer> {
    if (!this.isFramed) return this.#source;
    return decodeAwsChunked(this.#source, {
      signature: this.#signature?.payloadHash.startsWith('STREAMING-AWS4-') ? this.#signature : undefined,
      onTrailer: (name, value) => this.#promised.takeTrailer(name, value),
    });
  }
}
