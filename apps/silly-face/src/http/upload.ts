import { createHash, type Hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { MultipartFile } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { PhotoError } from '../photo/errors.ts';
import { imageType, MAGIC_BYTES } from '../photo/image-type.ts';
import { Problem } from './problem.ts';

export const PHOTO_LIMIT_BYTES = 5 * 1024 * 1024;

/** What a form with a photo of the greatest size may weigh: its other field and what is between the two. */
const FORM_LIMIT_BYTES = PHOTO_LIMIT_BYTES + 64 * 1024;

const LIMITS = {
  fileSize: PHOTO_LIMIT_BYTES,
  files: 2,
  fields: 4,
  parts: 6,
  fieldSize: 1000,
  headerPairs: 20,
};

export interface Upload {
  readonly face: string;
  /** Of the photo as it was sent. */
  readonly sha256: Buffer;
}

/** Streams the form's photo into the file and returns the rest. Stops at once at a photo that is too large, or not one. */
export async function receiveUpload(request: FastifyRequest, filePath: string): Promise<Upload> {
  if (Number(request.headers['content-length'] ?? 0) > FORM_LIMIT_BYTES) throw tooLarge();
  let face: string | undefined;
  let sha256: Buffer | undefined;
  try {
    for await (const part of request.parts({ limits: LIMITS })) {
      if (part.fieldname === 'face' && part.type === 'field') {
        if (face !== undefined) throw repeated('face');
        face = String(part.value);
      } else if (part.fieldname === 'photo' && part.type === 'file') {
        if (sha256) throw repeated('photo');
        sha256 = await savePhoto(part, filePath);
      } else {
        throw new Problem(
          'field-unexpected',
          `Expected the field face and the file photo, got ${part.type} ${part.fieldname}`,
        );
      }
    }
  } catch (error) {
    throw uploadProblem(error);
  }
  if (face === undefined) throw new Problem('field-missing', 'Expected the field face');
  if (!sha256) throw new Problem('field-missing', 'Expected the file photo');
  return { face, sha256 };
}

async function savePhoto({ file }: MultipartFile, filePath: string): Promise<Buffer> {
  const hash = createHash('sha256');
  // The parser would go on to the end of the part, however far that is.
  file.once('limit', () => file.destroy(tooLarge()));
  // Opened before anything can fail: a stream that opens its file itself may still create it after its failure.
  const opened = await open(filePath, 'wx', 0o600);
  await pipeline(
    file,
    (chunks: AsyncIterable<Buffer>) => inspected(chunks, hash),
    opened.createWriteStream(),
  );
  return hash.digest();
}

/** Lets the chunks pass once the first bytes are those of an image. */
async function* inspected(chunks: AsyncIterable<Buffer>, hash: Hash): AsyncGenerator<Buffer> {
  let head = Buffer.alloc(0);
  let isImage = false;
  for await (const chunk of chunks) {
    if (!isImage) {
      head = Buffer.concat([head, chunk.subarray(0, MAGIC_BYTES)]);
      if (head.length >= MAGIC_BYTES) isImage = imageType(head) !== undefined;
      if (head.length >= MAGIC_BYTES && !isImage) break;
    }
    hash.update(chunk);
    yield chunk;
  }
  if (!isImage) throw new PhotoError('not-an-image', 'Expected the photo to be a JPEG, a PNG or a WebP');
}

const tooLarge = (): PhotoError =>
  new PhotoError('photo-too-large', `Expected the photo to have at most ${PHOTO_LIMIT_BYTES} bytes`);

const repeated = (field: string): Problem => new Problem('field-repeated', `Expected ${field} only once`);

/** What the parser threw is the client's fault: a form that ends early, or has too many parts. */
function uploadProblem(error: unknown): unknown {
  if (error instanceof Problem || error instanceof PhotoError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'FST_REQ_FILE_TOO_LARGE') return tooLarge();
  const isOurs = (error as NodeJS.ErrnoException).syscall !== undefined; // The disk, not the form.
  return isOurs ? error : new Problem('malformed-multipart', message, { cause: error });
}

const DISCARD_BYTES = 8 * 1024 * 1024;
const DISCARD_MS = 5000;

/**
 * A client that is refused may still be sending, and reads the answer only if its connection stays: the rest is read and
 * thrown away, up to a limit, after which the connection ends.
 */
export function discardRest({ raw }: FastifyRequest): void {
  if (raw.readableEnded || raw.destroyed) return;
  const end = (): void => void raw.destroy();
  const timer = setTimeout(end, DISCARD_MS).unref();
  let left = DISCARD_BYTES;
  raw.unpipe();
  raw.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) end();
  });
  raw.resume(); // A listener alone does not start what unpipe has paused.
  raw.once('end', () => clearTimeout(timer));
  raw.once('close', () => clearTimeout(timer));
}
