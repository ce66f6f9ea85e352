/**
 * The CRC of two pieces, one after the other, from the CRC of each and the length of the second. Following bytes act on a CRC
 * as a linear map over 32 bits: the map of one zero bit is squared until it is that of the second piece's length.
 */
export function combineCrcs(first: number, second: number, secondBytes: number, polynomial: number): number {
  return (applied(zeroBytes(secondBytes, polynomial), first) ^ second) >>> 0;
}

/** What so many zero bytes do to a CRC. All parts of an object but the last have the same size, so the last map is kept. */
function zeroBytes(bytes: number, polynomial: number): BitMap {
  if (kept?.bytes === bytes && kept.polynomial === polynomial) return kept.map;
  let map: BitMap = Array.from({ length: 32 }, (_, bit) => 1 << bit);
  // Of one zero byte: eight zero bits.
  let power = squared(squared(squared(oneZeroBit(polynomial))));
  for (let rest = bytes; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) map = map.map((column) => applied(power, column));
    power = squared(power);
  }
  kept = { bytes, polynomial, map };
  return map;
}

let kept: { bytes: number; polynomial: number; map: BitMap } | undefined;

/** A column for each bit of what it is applied to. */
type BitMap = readonly number[];

const oneZeroBit = (polynomial: number): BitMap =>
  Array.from({ length: 32 }, (_, bit) => (bit === 0 ? polynomial : 1 << (bit - 1)));

const squared = (map: BitMap): BitMap => map.map((column) => applied(map, column));

function applied(map: BitMap, bits: number): number {
  let sum = 0;
  for (let rest = bits, bit = 0; rest !== 0; rest >>>= 1, bit += 1) if (rest & 1) sum ^= map[bit] as number;
  return sum;
}
