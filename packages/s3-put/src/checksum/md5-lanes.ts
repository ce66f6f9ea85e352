import { LANES, md5Module } from './md5-module.ts';
import type { Md5Module } from './md5-module.ts';

/** One MD5 among others. */
export class Md5Message {
  readonly state = Uint32Array.of(0x67_45_23_01, 0xef_cd_ab_89, 0x98_ba_dc_fe, 0x10_32_54_76);
  /** What is left of its bytes when all whole blocks are done. */
  rest: Uint8Array = new Uint8Array();
  bytes = 0;
}

/** The next bytes of a message, at most as many as a lane has space for. */
export interface Md5Step {
  message: Md5Message;
  lane: number;
  /** Best in the space of that lane already. */
  piece: Uint8Array;
}

/** Up to four messages at a time, each in a lane, which it has for as long as one step takes. */
export class Md5Lanes {
  readonly #blocks: Md5Module['blocks'];
  readonly #states: DataView;
  readonly #memory: Uint8Array;
  /** Where the bytes of each lane's next step go. */
  readonly spaces: readonly Uint8Array[];

  private constructor({ memory, blocks }: Md5Module) {
    this.#blocks = blocks;
    this.#states = new DataView(memory.buffer);
    this.#memory = new Uint8Array(memory.buffer);
    // In front of each there is room for the rest of its message, so that the blocks go on without a gap.
    this.spaces = Array.from({ length: LANES }, (_, lane) =>
      this.#memory.subarray(spaceAt(lane), spaceAt(lane) + SPACE_BYTES),
    );
  }

  /** Undefined where this process cannot have them. */
  static make(): Md5Lanes | undefined {
    const module = md5Module(spaceAt(LANES));
    return module && new Md5Lanes(module);
  }

  /** Each step has a message and a lane of its own. */
  update(steps: readonly Md5Step[]): void {
    const stretches = steps.map(({ message, lane, piece }) => {
      if (piece.buffer !== this.#memory.buffer) this.spaces[lane]?.set(piece);
      const start = spaceAt(lane) - message.rest.byteLength;
      this.#memory.set(message.rest, start);
      message.bytes += piece.byteLength;
      const end = spaceAt(lane) + piece.byteLength;
      return { message, start, end, blocks: Math.floor((end - start) / BLOCK_BYTES) };
    });
    this.#advance(stretches);
    for (const { message, start, end, blocks } of stretches)
      message.rest = this.#memory.slice(start + blocks * BLOCK_BYTES, end);
  }

  digest(message: Md5Message): Buffer {
    this.update([{ message, lane: 0, piece: paddingOf(message) }]);
    const digest = Buffer.alloc(16);
    for (const [index, word] of message.state.entries()) digest.writeUInt32LE(word, 4 * index);
    return digest;
  }

  /** All together as far as the shortest one goes, then the others. A lane without a message goes along in vain. */
  #advance(stretches: readonly { message: Md5Message; start: number; blocks: number }[]): void {
    const longest = Math.max(...stretches.map(({ blocks }) => blocks));
    for (let done = 0; done < longest;) {
      const left = stretches.filter(({ blocks }) => blocks > done);
      const count = Math.min(...left.map(({ blocks }) => blocks)) - done;
      const address = (lane: number): number =>
        (left[lane]?.start ?? spaceAt(0) - BLOCK_BYTES) + done * BLOCK_BYTES;
      this.#eachWord(left, (state, word, at) => this.#states.setUint32(at, state[word] as number, true));
      this.#blocks(address(0), address(1), address(2), address(3), count);
      this.#eachWord(left, (state, word, at) => (state[word] = this.#states.getUint32(at, true)));
      done += count;
    }
  }

  #eachWord(
    inLanes: readonly { message: Md5Message }[],
    visit: (state: Uint32Array, word: number, at: number) => void,
  ): void {
    for (const [lane, { message }] of inLanes.entries())
      for (let word = 0; word < 4; word += 1) visit(message.state, word, 4 * (word * LANES + lane));
  }
}

/** 0x80, zeros up to the end of a block, and there the length in bits. */
function paddingOf({ rest, bytes }: Md5Message): Buffer {
  const blocks = rest.byteLength + 1 + LENGTH_BYTES > BLOCK_BYTES ? 2 : 1;
  const padding = Buffer.alloc(blocks * BLOCK_BYTES - rest.byteLength);
  padding[0] = 0x80;
  padding.writeBigUInt64LE(BigInt(bytes) * 8n, padding.byteLength - LENGTH_BYTES);
  return padding;
}

const BLOCK_BYTES = 64;
const LENGTH_BYTES = 8;

/** All of them together stay in the processor's cache from the read to the hash. */
const SPACE_BYTES = 128 * 1024;

const STATES_BYTES = 4 * 4 * LANES;
const spaceAt = (lane: number): number => STATES_BYTES + BLOCK_BYTES + lane * (SPACE_BYTES + BLOCK_BYTES);
