import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { Turns } from '../turns.ts';
import { PhotoError } from './errors.ts';

export const LONGEST_SIDE = 1080;

/**
 * Telephones of today photograph with up to 50 megapixels, or 64; sensors of more join theirs, unless told not to, and such a
 * photo has far more than 5 MiB. A progressive photo of this size takes about 300 MB of memory to decode, one of 200 megapixels
 * 700 MB. A small file that unpacks to more than this is a bomb.
 */
const MOST_PIXELS = 2 ** 26;

/**
 * One at a time in a process: the largest take hundreds of megabytes, and each takes one of the four threads in which passwords are
 * hashed and files are read, too. It is enough for a dozen usual photos a second. Who waits as long as this is told to come again
 * while the client, who gives up after ten seconds, still waits, and while there is time left to store the photo.
 */
const decoder = new Turns(1, {
  patienceMs: 3000,
  late: () => new PhotoError('photos-busy', 'Too many photos come at the moment: try again soon'),
});

export interface ReEncoded {
  readonly sha256: Buffer;
  readonly bytes: number;
}

/**
 * Writes the image as a JPEG with nothing of the original but its pixels: upright, without metadata, at most 1080 pixels
 * on its longest side.
 *
 * @throws {PhotoError} `not-an-image` when it cannot be decoded to the end, `photo-too-many-pixels`, `photos-busy`; besides them what the
 *   file system says, which is not the image's fault.
 */
export async function reEncode(from: string, to: string): Promise<ReEncoded> {
  // Not left to the decoder, who tells a file that cannot be read from one that is no image in words alone.
  const jpeg = await decoder.take(async () => decode(await readFile(from)));
  await writeFile(to, jpeg, { flag: 'wx', mode: 0o600 });
  return { sha256: createHash('sha256').update(jpeg).digest(), bytes: jpeg.length };
}

async function decode(original: Buffer): Promise<Buffer> {
  const { default: sharp } = await import('sharp'); // A native library: only once there is a photo.
  sharp.cache(false); // Nobody asks for the same photo again.
  const image = sharp(original, { failOn: 'error', limitInputPixels: false });
  const { width, height } = await image.metadata().catch(notAnImage);
  if (width * height > MOST_PIXELS)
    throw new PhotoError(
      'photo-too-many-pixels',
      `Expected the photo to have at most ${MOST_PIXELS} pixels, got ${width} x ${height}`,
    );
  return image
    .rotate()
    .resize(LONGEST_SIDE, LONGEST_SIDE, { fit: 'inside', withoutEnlargement: true })
    .flatten({ background: '#fff' })
    .jpeg({ quality: 85 })
    .toBuffer()
    .catch(notAnImage);
}

function notAnImage(cause: unknown): never {
  throw new PhotoError('not-an-image', 'The photo cannot be decoded as JPEG, PNG or WebP', { cause });
}
