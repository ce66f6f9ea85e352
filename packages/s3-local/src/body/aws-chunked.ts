import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { S3Error } from '../s3-error.ts';
import type { VerifiedSignature } from '../signature/verify.ts';

export interface AwsChunkedOptions {
  /** Signs the chunks, where the request says that they are signed. */
  readonly signature: VerifiedSignature | undefined;
  /** Takes each trailer, by its lower-case name, before the last chunk of data has been asked for in vain. */
  readonly onTrailer: (name: string, value: string) => void;
}

const minimumChunkBytes = 8192;
const maximumLineBytes = 8192;
const emptyHash = createHash('sha256').digest('hex');

/**
 * Takes `aws-chunked` apart: `size[;chunk-signature=…]` lines, data, and trailers after the chunk of size 0.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
 */
export async function* decodeAwsChunked(
  source: AsyncIterable<Buffer>,
  { signature, onTrailer }: AwsChunkedOptions,
): AsyncGenerator<Buffer, void> {
  const input = new Input(source);
  const chain = signature && new SignatureChain(signature);
  let shortChunk: { Chunk: string; BadChunkSize: string } | undefined;
  for (let number = 1; ; number++) {
    const head = parseChunkHead(await input.line());
    if (head.size > 0 && shortChunk) throw new S3Error('InvalidChunkSizeError', { details: shortChunk });
    if (head.size < minimumChunkBytes)
      shortChunk = { Chunk: String(number + 1), BadChunkSize: String(head.size) };
    const hash = chain && createHash('sha256');
    for (let left = head.size; left > 0;) {
      const data = await input.upTo(left);
      hash?.update(data);
      left -= data.length;
      yield data;
    }
    if (chain && hash) chain.verifyChunk(hash, head.signature);
    if (head.size === 0) break;
    if ((await input.line()) !== '') throw new S3Error('IncompleteBody');
  }
  await readTrailers(input, chain, onTrailer);
}

function parseChunkHead(line: string): { size: number; signature: string | undefined } {
  const match = /^([\da-fA-F]{1,10})(?:;chunk-signature=([\da-f]{64}))?$/.exec(line);
  if (!match)
    throw new S3Error('IncompleteBody', { message: 'The aws-chunked body has a malformed chunk header' });
  return { size: Number.parseInt(match[1] ?? '', 16), signature: match[2] };
}

async function readTrailers(
  input: Input,
  chain: SignatureChain | undefined,
  onTrailer: AwsChunkedOptions['onTrailer'],
): Promise<void> {
  let text = '';
  for (;;) {
    const line = await input.lineOrEnd();
    if (line === undefined) break;
    // An empty line ends the trailers; some clients send one before the trailers' signature, too.
    if (line === '') continue;
    const colon = line.indexOf(':');
    if (colon < 1) throw new S3Error('MalformedTrailerError');
    const [name, value] = [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
    if (name === 'x-amz-trailer-signature') chain?.verifyTrailers(text, value);
    else {
      text += `${name}:${value}\n`;
      onTrailer(name, value);
    }
  }
  if (text !== '') chain?.expectTrailersVerified();
}

/** Each chunk's signature is made over the one before it: chunks cannot be left out, doubled or reordered. */
class SignatureChain {
  readonly #signature: VerifiedSignature;
  #previous: string;
  #trailersVerified = false;

  constructor(signature: VerifiedSignature) {
    this.#signature = signature;
    this.#previous = signature.signature;
  }

  verifyChunk(hash: Hash, given: string | undefined): void {
    this.#verify('AWS4-HMAC-SHA256-PAYLOAD', [emptyHash, hash.digest('hex')], given);
  }

  verifyTrailers(text: string, given: string): void {
    this.#verify('AWS4-HMAC-SHA256-TRAILER', [createHash('sha256').update(text).digest('hex')], given);
    this.#trailersVerified = true;
  }

  expectTrailersVerified(): void {
    if (!this.#trailersVerified) throw new S3Error('MalformedTrailerError');
  }

  #verify(kind: string, hashes: readonly string[], given: string | undefined): void {
    const { timestamp, scope, sign } = this.#signature;
    const expected = sign([kind, timestamp, scope, this.#previous, ...hashes].join('\n'));
    if (given !== expected) throw new S3Error('SignatureDoesNotMatch');
    this.#previous = expected;
  }
}

/** A source cut into lines and stretches of bytes. */
class Input {
  readonly #source: AsyncIterator<Buffer>;
  #buffer: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  async line(): Promise<string> {
    const line = await this.lineOrEnd();
    if (line === undefined) throw new S3Error('IncompleteBody');
    return line;
  }

  async lineOrEnd(): Promise<string | undefined> {
    for (;;) {
      const end = this.#buffer.indexOf('\n');
      if (end !== -1) {
        const line = this.#buffer.subarray(0, end).toString('latin1');
        this.#buffer = this.#buffer.subarray(end + 1);
        return line.replace(/\r$/, '');
      }
      if (this.#buffer.length > maximumLineBytes) throw new S3Error('IncompleteBody');
      if (!(await this.#more())) {
        if (this.#buffer.length > 0) throw new S3Error('IncompleteBody');
        return undefined;
      }
    }
  }

  async upTo(limit: number): Promise<Buffer> {
    if (this.#buffer.length === 0 && !(await this.#more())) throw new S3Error('IncompleteBody');
    const data = this.#buffer.subarray(0, limit);
    this.#buffer = this.#buffer.subarray(data.length);
    return data;
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#source.next();
    if (done) return false;
    this.#buffer = this.#buffer.length === 0 ? value : Buffer.concat([this.#buffer, value]);
    return true;
  }
}
