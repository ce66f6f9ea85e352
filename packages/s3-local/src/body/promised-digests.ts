import {
  checksumAlgorithms,
  checksumHeader,
  checksumSizes,
  isChecksumAlgorithm,
  startDigest,
} from '../checksum/algorithm.ts';
import type { ChecksumAlgorithm, Digest } from '../checksum/algorithm.ts';
import { S3Error } from '../s3-error.ts';

/** A checksum as S3 keeps and returns it. */
export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  /** In base64. */
  readonly value: string;
}

/** What a body turned out to be. */
export interface BodyDigests {
  /** The MD5 in hex: the ETag of an object that was put in one piece. */
  readonly md5: string;
  readonly checksum: Checksum | undefined;
}

/** All that a request promises about its body, collected from its head (and trailers), and held against what arrives. */
export class PromisedDigests {
  readonly algorithm: ChecksumAlgorithm | undefined;
  readonly #md5 = startDigest('MD5');
  readonly #contentMd5: Buffer | undefined;
  readonly #sha256: { readonly digest: Digest; readonly promised: string } | undefined;
  #checksum: { readonly algorithm: ChecksumAlgorithm; readonly digest: Digest } | undefined;
  #promisedChecksum: string | undefined;

  /** Throws for promises that no body could keep, so that the body need not be read. */
  constructor(headers: ReadonlyMap<string, string>, payloadHash: string) {
    this.#contentMd5 = readContentMd5(headers.get('content-md5'));
    if (/^[\da-f]{64}$/.test(payloadHash)) {
      this.#sha256 = { digest: startDigest('SHA256'), promised: payloadHash };
    }
    const promise = readChecksumPromise(headers);
    this.algorithm = promise?.algorithm;
    this.#promisedChecksum = promise?.value;
    if (this.algorithm) this.computeChecksum(this.algorithm);
  }

  get hasProof(): boolean {
    return this.#contentMd5 !== undefined || this.algorithm !== undefined;
  }

  /** Of the body that follows, also where none was promised. */
  computeChecksum(algorithm: ChecksumAlgorithm): void {
    if (this.#checksum?.algorithm !== algorithm)
      this.#checksum = { algorithm, digest: startDigest(algorithm) };
  }

  update(bytes: Uint8Array): void {
    this.#md5.update(bytes);
    this.#sha256?.digest.update(bytes);
    this.#checksum?.digest.update(bytes);
  }

  takeTrailer(name: string, value: string): void {
    if (this.algorithm === undefined || name !== checksumHeader(this.algorithm)) {
      throw new S3Error('MalformedTrailerError');
    }
    verifyForm(this.algorithm, value);
    this.#promisedChecksum = value;
  }

  /** Call once the body has ended; throws for the first promise that was not kept. */
  finish(): BodyDigests {
    const md5 = this.#md5.digest();
    if (this.#contentMd5 && !this.#contentMd5.equals(md5)) {
      throw new S3Error('BadDigest', {
        details: {
          ExpectedDigest: this.#contentMd5.toString('base64'),
          CalculatedDigest: md5.toString('base64'),
        },
      });
    }
    if (this.#sha256) {
      const computed = this.#sha256.digest.digest().toString('hex');
      if (computed !== this.#sha256.promised) {
        throw new S3Error('XAmzContentSHA256Mismatch', {
          details: { ClientComputedContentSHA256: this.#sha256.promised, S3ComputedContentSHA256: computed },
        });
      }
    }
    return { md5: md5.toString('hex'), checksum: this.#finishChecksum() };
  }

  #finishChecksum(): Checksum | undefined {
    if (!this.#checksum) return undefined;
    const { algorithm, digest } = this.#checksum;
    const value = digest.digest().toString('base64');
    if (this.algorithm === undefined) return { algorithm, value };
    if (this.#promisedChecksum === undefined) throw new S3Error('MalformedTrailerError');
    if (value !== this.#promisedChecksum) {
      throw new S3Error('BadDigest', {
        message: `The ${algorithm} you specified did not match the calculated checksum.`,
      });
    }
    return { algorithm, value };
  }
}

function readContentMd5(header: string | undefined): Buffer | undefined {
  if (header === undefined) return undefined;
  if (!isBase64Of(16, header)) throw new S3Error('InvalidDigest', { details: { 'Content-MD5': header } });
  return Buffer.from(header, 'base64');
}

/** A checksum comes as a header, or is announced by `x-amz-trailer` and has no value yet. */
function readChecksumPromise(
  headers: ReadonlyMap<string, string>,
): { algorithm: ChecksumAlgorithm; value: string | undefined } | undefined {
  const announced = headers.get('x-amz-trailer')?.trim().toLowerCase();
  const promised = checksumAlgorithms.filter((algorithm) => {
    return headers.has(checksumHeader(algorithm)) || announced === checksumHeader(algorithm);
  });
  const [algorithm] = promised;
  if (promised.length > 1) {
    throw new S3Error('InvalidRequest', {
      message: 'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    });
  }
  if (announced !== undefined && !promised.some((candidate) => checksumHeader(candidate) === announced)) {
    throw new S3Error('InvalidRequest', {
      message: 'The value specified in the x-amz-trailer header is not supported',
    });
  }
  const named = headers.get('x-amz-sdk-checksum-algorithm')?.toUpperCase();
  if (named !== undefined) {
    if (!isChecksumAlgorithm(named)) {
      throw new S3Error('InvalidRequest', {
        message: 'Value for x-amz-sdk-checksum-algorithm header is invalid.',
      });
    }
    if (algorithm === undefined) {
      throw new S3Error('InvalidRequest', {
        message:
          'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
      });
    }
    if (algorithm !== named) {
      throw new S3Error('InvalidRequest', {
        message: 'Value for x-amz-sdk-checksum-algorithm header is invalid.',
      });
    }
  }
  if (algorithm === undefined) return undefined;
  const value = headers.get(checksumHeader(algorithm));
  if (value !== undefined) verifyForm(algorithm, value);
  return { algorithm, value };
}

function verifyForm(algorithm: ChecksumAlgorithm, value: string): void {
  if (isBase64Of(checksumSizes[algorithm], value)) return;
  throw new S3Error('InvalidRequest', {
    message: `Value for ${checksumHeader(algorithm)} header is invalid.`,
  });
}

function isBase64Of(bytes: number, text: string): boolean {
  const decoded = Buffer.from(text, 'base64');
  return decoded.length === bytes && decoded.toString('base64') === text;
}
