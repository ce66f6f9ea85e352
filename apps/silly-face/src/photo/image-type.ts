export type ImageType = 'jpeg' | 'png' | 'webp';

/** As many bytes of a file as `imageType` needs to see. */
export const MAGIC_BYTES = 12;

/** What the first bytes say that it is, whatever its name and its declared type say. */
export function imageType(head: Buffer): ImageType | undefined {
  if (head.subarray(0, 3).equals(JPEG)) return 'jpeg';
  if (head.subarray(0, 8).equals(PNG)) return 'png';
  if (head.toString('latin1', 0, 4) === 'RIFF' && head.toString('latin1', 8, 12) === 'WEBP') return 'webp';
  return undefined;
}

const JPEG = Buffer.from([0xff, 0xd8, 0xff]);
const PNG = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
