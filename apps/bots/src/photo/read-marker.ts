import sharp from 'sharp';
import { PhotoError } from '../errors.ts';
import { BLOCKS, checksum, ID_BITS, type MarkerId, numberOf, ROW, SYNC_END, SYNC_START } from './marker.ts';

/** What a photo shows to somebody who decodes it. */
export interface SeenPhoto {
  format: string;
  width: number;
  height: number;
  /** The marker, or why none can be read. */
  marker: MarkerId | PhotoError;
}

/** Decodes a whole photo. @throws {PhotoError} `photo-unreadable` when it is none or is cut short */
export async function lookAt(photo: Buffer): Promise<SeenPhoto> {
  const { format, pixels } = await decode(photo);
  return { format, width: pixels.width, height: pixels.height, marker: findMarker(pixels) };
}

/** Reads the marker of a photo. @throws {PhotoError} `photo-unreadable` or `marker-missing` */
export async function readMarker(photo: Buffer): Promise<MarkerId> {
  const { marker } = await lookAt(photo);
  if (marker instanceof PhotoError) throw marker;
  return marker;
}

interface Pixels {
  data: Buffer;
  width: number;
  height: number;
}

async function decode(photo: Buffer): Promise<{ format: string; pixels: Pixels }> {
  try {
    const image = sharp(photo);
    const { format } = await image.metadata();
    const { data, info } = await image.flatten().greyscale().raw().toBuffer({ resolveWithObject: true });
    return { format, pixels: { data, width: info.width, height: info.height } };
  } catch (cause) {
    throw new PhotoError('photo-unreadable', `Expected a photo, got ${photo.length} other bytes`, { cause });
  }
}

/** Below this difference between black and white there is no row of blocks. */
const LEAST_CONTRAST = 96;

function findMarker(pixels: Pixels): MarkerId | PhotoError {
  const levels = Array.from({ length: BLOCKS }, (_, at) => blockLevel(pixels, at));
  // The sync blocks say what black and white are in this photo.
  const sync = [...SYNC_START, ...SYNC_END];
  const syncLevels = [...levels.slice(0, SYNC_START.length), ...levels.slice(-SYNC_END.length)];
  const darkest = Math.max(...syncLevels.filter((_, at) => sync[at]));
  const lightest = Math.min(...syncLevels.filter((_, at) => !sync[at]));
  if (!(lightest - darkest >= LEAST_CONTRAST)) return missing('its first and last blocks are not there');

  const bits = levels
    .slice(SYNC_START.length, -SYNC_END.length)
    .map((level) => level < (darkest + lightest) / 2);
  const id = numberOf(bits.slice(0, ID_BITS));
  const sum = numberOf(bits.slice(ID_BITS));
  return sum === checksum(id) ? id : missing('its checksum is wrong');
}

function missing(reason: string): PhotoError {
  return new PhotoError('marker-missing', `Expected a marker along the lower edge of the photo: ${reason}`);
}

/** The mean brightness in the middle half of a block; NaN in a photo too small to have a pixel there. */
function blockLevel({ data, width, height }: Pixels, at: number): number {
  const blockWidth = (ROW.right - ROW.left) / BLOCKS;
  const left = Math.round((ROW.left + (at + 0.25) * blockWidth) * width);
  const right = Math.max(left + 1, Math.round((ROW.left + (at + 0.75) * blockWidth) * width));
  const quarter = (ROW.bottom - ROW.top) / 4;
  const top = Math.round((ROW.top + quarter) * height);
  const bottom = Math.max(top + 1, Math.round((ROW.bottom - quarter) * height));
  let sum = 0;
  for (let y = top; y < bottom; y += 1) {
    for (let x = left; x < right; x += 1) sum += data[y * width + x] ?? Number.NaN;
  }
  return sum / ((right - left) * (bottom - top));
}
