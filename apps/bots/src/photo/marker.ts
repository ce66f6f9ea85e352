// The marker is one row of black and white blocks on a white plate along the lower edge of a photo:
//
//     sync 1100 │ id, 24 bits │ CRC-16 of the id │ sync 1010        (a set bit is black)
//
// Its place is a fraction of the photo's size, so a rescaled photo keeps it, and a block is wide enough to outlive JPEG's own
// 8×8 blocks.

/** A number from 0 to 2²⁴ - 1 that one photo carries. */
export type MarkerId = number;

export const ID_BITS = 24;
const CHECKSUM_BITS = 16;
export const SYNC_START = [true, true, false, false] as const;
export const SYNC_END = [true, false, true, false] as const;
export const BLOCKS = SYNC_START.length + ID_BITS + CHECKSUM_BITS + SYNC_END.length;

/** Where the plate and its blocks are, as fractions of the photo's width and height. */
export const PLATE = { top: 0.925, bottom: 1 };
export const ROW = { left: 0.03125, right: 0.96875, top: 0.94, bottom: 0.985 };

/** The bits of a marker, from left to right. */
export function markerBits(id: MarkerId): boolean[] {
  return [...SYNC_START, ...bits(id, ID_BITS), ...bits(checksum(id), CHECKSUM_BITS), ...SYNC_END];
}

/** The plate with its blocks as a part of an SVG whose sides have the given length. */
export function drawMarker(id: MarkerId, size: number): string {
  const width = ((ROW.right - ROW.left) * size) / BLOCKS;
  const blocks = markerBits(id).map((isBlack, at) => {
    const x = (ROW.left * size + at * width).toFixed(3);
    return isBlack ? `M${x} ${ROW.top * size}h${width}V${ROW.bottom * size}h-${width}Z` : '';
  });
  const height = (PLATE.bottom - PLATE.top) * size;
  const plate = `<rect y="${PLATE.top * size}" width="${size}" height="${height}" fill="#fff"/>`;
  return `${plate}<path d="${blocks.join('')}" fill="#000" shape-rendering="crispEdges"/>`;
}

/** CRC-16/CCITT-FALSE over the three bytes of the id: finds any two wrong bits and any burst up to 16. */
export function checksum(id: MarkerId): number {
  let remainder = 0xff_ff;
  for (const bit of bits(id, ID_BITS)) {
    const carry = ((remainder >>> 15) & 1) !== Number(bit);
    remainder = ((remainder << 1) & 0xff_ff) ^ (carry ? 0x10_21 : 0);
  }
  return remainder;
}

/** The number that bits stand for, the first one worth most. */
export function numberOf(someBits: readonly boolean[]): number {
  return someBits.reduce((number, bit) => number * 2 + Number(bit), 0);
}

function bits(number: number, count: number): boolean[] {
  return Array.from({ length: count }, (_, at) => ((number >>> (count - 1 - at)) & 1) === 1);
}
