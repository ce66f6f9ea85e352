/** Bytes of a WebAssembly module, as its binary format has them: https://webassembly.github.io/spec/core/binary/ */
export type Code = readonly number[];

/** A module of one function without a result and of one memory, which it exports. */
export function moduleOf(
  name: string,
  { parameters, vectors, body, pages }: { parameters: number; vectors: number; body: Code; pages: number },
): Uint8Array<ArrayBuffer> {
  const code = [1, ...unsigned(vectors), V128, ...body, END];
  return Uint8Array.from([
    0,
    ...text('asm'),
    ...VERSION,
    ...section(1, [1, FUNCTION_TYPE, parameters, ...Array.from({ length: parameters }, () => I32), 0]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, ...unsigned(pages)]),
    ...section(7, [2, ...named('memory'), 2, 0, ...named(name), 0, 0]),
    ...section(10, [1, ...unsigned(code.length), ...code]),
  ]);
}

export const PAGE_BYTES = 65_536;

export const getLocal = (local: number): Code => [0x20, ...unsigned(local)];
export const setLocal = (local: number): Code => [0x21, ...unsigned(local)];
export const teeLocal = (local: number): Code => [0x22, ...unsigned(local)];
export const integer = (value: number): Code => [0x41, ...signed(value)];
export const addIntegers: Code = [0x6a];

/** Does it again while what it leaves on the stack is not zero. */
export const loop = (body: Code): Code => [0x03, NO_RESULT, ...body, 0x0d, 0, END];

const simd = (opcode: number): Code => [0xfd, ...unsigned(opcode)];

/** Addresses are aligned to nothing. */
export const loadVector = (offset: number): Code => [...simd(0), 0, ...unsigned(offset)];
export const storeVector = (offset: number): Code => [...simd(11), 0, ...unsigned(offset)];
/** Of the words of two vectors: 0 to 3 are those of the first one, 4 to 7 those of the second one. */
export const pickWords = (...words: number[]): Code => [
  ...simd(13),
  ...words.flatMap((word) => [0, 1, 2, 3].map((byte) => 4 * word + byte)),
];
export const splat = simd(17);
export const not = simd(77);
export const and = simd(78);
/** The first one's bits where the second one has none. */
export const andNot = simd(79);
export const or = simd(80);
export const xor = simd(81);
export const shiftLeft = simd(171);
export const shiftRight = simd(173);
export const add = simd(174);

const VERSION = [1, 0, 0, 0];
const END = 0x0b;
const NO_RESULT = 0x40;
const FUNCTION_TYPE = 0x60;
const V128 = 0x7b;
const I32 = 0x7f;

const text = (ascii: string): Code => Array.from(Buffer.from(ascii));
const named = (name: string): Code => [name.length, ...text(name)];
const section = (id: number, content: Code): Code => [id, ...unsigned(content.length), ...content];

/** LEB128. */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: number): Code {
  return value >= -0x40 && value < 0x40 ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(value >> 7)];
}
