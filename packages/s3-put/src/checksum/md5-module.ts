import * as wasm from './wasm-code.ts';
import type { Code } from './wasm-code.ts';

/** How many messages go side by side. */
export const LANES = 4;

export interface Md5Module {
  /** It begins with the states of the lanes, four words each: the first words of all lanes, then the second ones, and so on. */
  memory: { readonly buffer: ArrayBuffer };
  /** Advances the state of each lane by `count` blocks, at least one, each lane's from its own address on. */
  blocks: (address0: number, address1: number, address2: number, address3: number, count: number) => void;
}

/**
 * MD5 (RFC 1321) of four messages at once. Each of its steps waits for the one before, which leaves most of a processor idle: in the
 * lanes of vectors, four messages take hardly longer than one. Undefined where there is no WebAssembly or none with vectors.
 */
export function md5Module(memoryBytes: number): Md5Module | undefined {
  const pages = Math.ceil(memoryBytes / wasm.PAGE_BYTES);
  const code = wasm.moduleOf('blocks', { parameters: LANES + 1, vectors: 28, body: body(), pages });
  // V8 has flags that take WebAssembly away.
  if (typeof WebAssembly === 'undefined' || !WebAssembly.validate(code)) return undefined;
  return new WebAssembly.Instance(new WebAssembly.Module(code)).exports;
}

/** Node's types leave it to those of the browser. */
declare const WebAssembly: {
  validate(code: Uint8Array): boolean;
  Module: new (code: Uint8Array) => object;
  Instance: new (module: object) => { exports: Md5Module };
};

type Four = readonly [number, number, number, number];

// The locals: the parameters come first, a lane's address each and the count.
const ADDRESSES: Four = [0, 1, 2, 3];
const COUNT = 4;
const STATE: Four = [5, 6, 7, 8];
const STATE_BEFORE = 9;
const SCRATCH: Four = [13, 14, 15, 16];
const WORDS = 17;

function body(): Code {
  const steps = Array.from({ length: 64 }, (_, index) => step(index));
  return [
    ...STATE.flatMap((local, word) => [
      ...wasm.integer(0),
      ...wasm.loadVector(16 * word),
      ...wasm.setLocal(local),
    ]),
    ...wasm.loop([
      ...[0, 4, 8, 12].flatMap(fourWords),
      ...STATE.flatMap((local, word) => [...wasm.getLocal(local), ...wasm.setLocal(STATE_BEFORE + word)]),
      ...steps.flat(),
      ...STATE.flatMap((local, word) => combined(wasm.add, local, STATE_BEFORE + word, local)),
      ...ADDRESSES.flatMap((local) => increased(local, 64, wasm.setLocal(local))),
      ...increased(COUNT, -1, wasm.teeLocal(COUNT)),
    ]),
    ...STATE.flatMap((local, word) => [
      ...wasm.integer(0),
      ...wasm.getLocal(local),
      ...wasm.storeVector(16 * word),
    ]),
  ];
}

const increased = (local: number, by: number, put: Code): Code => [
  ...wasm.getLocal(local),
  ...wasm.integer(by),
  ...wasm.addIntegers,
  ...put,
];

const combined = (how: Code, first: number, second: number, result: number): Code => [
  ...wasm.getLocal(first),
  ...wasm.getLocal(second),
  ...how,
  ...wasm.setLocal(result),
];

/** Four words of each lane's block, turned so that a vector has the same word of all lanes. */
function fourWords(first: number): Code {
  const [a, b, c, d] = SCRATCH;
  const [w0, w1, w2, w3] = [WORDS + first, WORDS + first + 1, WORDS + first + 2, WORDS + first + 3] as const;
  return [
    ...ADDRESSES.flatMap((address, lane) => [
      ...wasm.getLocal(address),
      ...wasm.loadVector(4 * first),
      ...wasm.setLocal(SCRATCH[lane] as number),
    ]),
    ...combined(LOW_WORDS, a, b, w0),
    ...combined(LOW_WORDS, c, d, w1),
    ...combined(HIGH_WORDS, a, b, w2),
    ...combined(HIGH_WORDS, c, d, w3),
    ...combined(LOW_HALVES, w0, w1, a),
    ...combined(HIGH_HALVES, w0, w1, w1),
    ...combined(LOW_HALVES, w2, w3, c),
    ...combined(HIGH_HALVES, w2, w3, w3),
    ...wasm.getLocal(a),
    ...wasm.setLocal(w0),
    ...wasm.getLocal(c),
    ...wasm.setLocal(w2),
  ];
}

const LOW_WORDS = wasm.pickWords(0, 4, 1, 5);
const HIGH_WORDS = wasm.pickWords(2, 6, 3, 7);
const LOW_HALVES = wasm.pickWords(0, 1, 4, 5);
const HIGH_HALVES = wasm.pickWords(2, 3, 6, 7);

/** a = b + rotated(a + mixed(b, c, d) + word + constant), where the names go round instead of the values. */
function step(index: number): Code {
  const named = (letter: number): number => STATE[(letter + 64 - index) % 4] as number;
  const [a, b, c, d] = [named(0), named(1), named(2), named(3)];
  const { addMixed, word, rotations } = ROUNDS[index >> 4] as Round;
  const rotation = rotations[index % 4] as number;
  const constant = Math.floor(Math.abs(Math.sin(index + 1)) * 2 ** 32) | 0;
  return [
    ...wasm.getLocal(a),
    ...wasm.getLocal(WORDS + (word(index) % 16)),
    ...wasm.integer(constant),
    ...wasm.splat,
    ...wasm.add,
    ...wasm.add,
    ...addMixed(wasm.getLocal(b), wasm.getLocal(c), wasm.getLocal(d)),
    ...wasm.teeLocal(SCRATCH[0]),
    ...wasm.integer(rotation),
    ...wasm.shiftLeft,
    ...wasm.getLocal(SCRATCH[0]),
    ...wasm.integer(32 - rotation),
    ...wasm.shiftRight,
    ...wasm.or,
    ...wasm.getLocal(b),
    ...wasm.add,
    ...wasm.setLocal(a),
  ];
}

interface Round {
  /** Its function, added to what is on the stack. The step before has just made `b`: whatever can goes before it. */
  addMixed: (b: Code, c: Code, d: Code) => Code;
  /** Which of the block's words, modulo 16. */
  word: (index: number) => number;
  rotations: Four;
}

const ROUNDS: readonly Round[] = [
  {
    addMixed: (b, c, d) => [...c, ...d, ...wasm.xor, ...b, ...wasm.and, ...d, ...wasm.xor, ...wasm.add],
    word: (index) => index,
    rotations: [7, 12, 17, 22],
  },
  {
    // The two halves have no bit in common, so that each can be added as it is.
    addMixed: (b, c, d) => [...c, ...d, ...wasm.andNot, ...wasm.add, ...b, ...d, ...wasm.and, ...wasm.add],
    word: (index) => 5 * index + 1,
    rotations: [5, 9, 14, 20],
  },
  {
    addMixed: (b, c, d) => [...c, ...d, ...wasm.xor, ...b, ...wasm.xor, ...wasm.add],
    word: (index) => 3 * index + 5,
    rotations: [4, 11, 16, 23],
  },
  {
    addMixed: (b, c, d) => [...d, ...wasm.not, ...b, ...wasm.or, ...c, ...wasm.xor, ...wasm.add],
    word: (index) => 7 * index,
    rotations: [6, 10, 15, 21],
  },
];
