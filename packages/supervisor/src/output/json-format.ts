// Hot path: every byte of every child with a JSON sink comes through here, see the row of the benchmark about output. Text is
// never made of it unless a line looks like JSON itself.
import { isUtf8 } from 'node:buffer';
import type { Block, Blocks } from './blocks.ts';
import { append, timestamp } from './format.ts';
import { LINE_FEED, type Lines, type Origin } from './lines.ts';

/**
 * One JSON object a line: `time`, `child`, `pid`, `stream`, and the `line` as a string. A line that is a JSON object already
 * comes as `data`, not as text in text. `continues: true` is a piece of a line that goes on with the next one.
 */
export function jsonFormat(lines: Lines, { child, pid, stream }: Origin, blocks: Blocks): void {
  const { continues } = lines;
  const bytes = isUtf8(lines.bytes) ? lines.bytes : Buffer.from(lines.bytes.toString('utf8'));
  const head = `{"time":"${timestamp()}","child":"${child}","pid":${pid},"stream":"${stream}",${continues ? '"continues":true,' : ''}`;
  const lineHead = Buffer.from(`${head}"line":"`);
  const joint = Buffer.concat([lineEnd, lineHead]);
  let dataHead: Buffer | undefined;
  const words = bytes.length >= WORTH_WORDS ? wordsOf(bytes) : undefined;
  let special = -1;
  for (let start = 0; start < bytes.length;) {
    if (words && special < start) special = findSpecial(bytes, words, start);
    const plainEnd =
      special > start && bytes[start] !== OPEN ? bytes.lastIndexOf(LINE_FEED, special - 1) + 1 : 0;
    if (plainEnd > start) {
      const next = writePlainLines(blocks.room(PLAIN_ROOM_BYTES), lineHead, joint, bytes, start, plainEnd);
      if (next > start) {
        start = next;
        continue;
      }
    }
    const feed = bytes.indexOf(LINE_FEED, start);
    const end = feed === -1 ? bytes.length : feed;
    const block = blocks.room(lineHead.length + (end - start + 1) * MAX_ESCAPE_BYTES + lineEnd.length);
    if (continues || !isObject(bytes, start, end)) {
      start = writeLines(block, lineHead, bytes, start, words !== undefined);
    } else {
      dataHead ??= Buffer.from(`${head}"data":`);
      writeData(block, dataHead, bytes, start, end);
      start = end + 1;
    }
  }
}

/**
 * Writes whole lines between `start` and `end`, in which nothing needs an escape, as far as they fit and do not begin like an object.
 * Returns where the next one begins.
 *
 * They are copied to the end of the block at once, and from there one by one to their place: within one piece of memory that takes
 * neither a loop nor an object.
 */
function writePlainLines(
  block: Block,
  head: Buffer,
  joint: Buffer,
  bytes: Buffer,
  start: number,
  end: number,
): number {
  const target = block.bytes;
  const size = Math.min(end - start, (target.length - block.end) >> 1);
  const first = target.length - bytes.copy(target, target.length - size, start, start + size);
  target.set(head, block.end);
  let place = block.end + head.length;
  let at = first;
  while (at < target.length && target[at] !== OPEN) {
    const feed = target.indexOf(LINE_FEED, at);
    // What is not written yet is not to be written over.
    if (feed === -1 || place + feed - at + joint.length > feed + 1) break;
    target.copyWithin(place, at, feed);
    place += feed - at;
    target.set(joint, place);
    place += joint.length;
    at = feed + 1;
  }
  if (at > first) block.end = place - head.length;
  return start + at - first;
}

/** Where the first byte is that needs an escape, or the end. Looks at four at a time. */
function findSpecial(bytes: Buffer, words: Int32Array, start: number): number {
  const first = words.byteOffset - bytes.byteOffset;
  const { length } = words;
  let at = start;
  for (;;) {
    do {
      if (at >= bytes.length) return bytes.length;
      const byte = bytes[at] as number;
      if (isSpecial[byte] !== 0 && byte !== LINE_FEED) return at;
      at += 1;
    } while (((at - first) & 3) !== 0);
    let index = (at - first) >> 2;
    for (; index < length; index++) {
      // The highest bit of a byte that is less than a space, a quote, a backslash, or perhaps behind one of them.
      const word = words[index] as number;
      const quotes = word ^ 0x22222222;
      const backslashes = word ^ 0x5c5c5c5c;
      const found = (word - 0x20202020) | (quotes - 0x01010101) | (backslashes - 0x01010101);
      if ((found & ~word & 0x80808080) !== 0) break;
    }
    at = first + index * 4;
  }
}

/** The bytes as words, but for a few at either end. */
function wordsOf({ buffer, byteOffset, length }: Buffer): Int32Array {
  const skipped = -byteOffset & 3;
  return new Int32Array(buffer, byteOffset + skipped, (length - skipped) >> 2);
}

function writeData(block: Block, head: Buffer, bytes: Buffer, start: number, end: number): void {
  append(block, head, 0, head.length);
  append(block, bytes, start, end);
  append(block, dataEnd, 0, dataEnd.length);
}

/**
 * Writes the line that begins at `first`, which the block has room for, and those behind it as far as they fit and are certainly no
 * objects, or to the first one with nothing to escape. Returns where the next one begins.
 *
 * The loop that copies byte by byte. It calls nothing that V8 would build into it, as what its compiler needs is what this process grows by.
 */
function writeLines(block: Block, head: Buffer, bytes: Buffer, first: number, toPlain: boolean): number {
  const target = block.bytes;
  const limit = target.length - MAX_ESCAPE_BYTES - lineEnd.length;
  let start = first;
  while (start < bytes.length && block.end + head.length <= limit) {
    target.set(head, block.end);
    let place = block.end + head.length;
    let at = start;
    let isPlain = true;
    for (; at < bytes.length && place <= limit; at++) {
      const byte = bytes[at] as number;
      if (isSpecial[byte] === 0) target[place++] = byte;
      else if (byte === LINE_FEED) break;
      else {
        place += (escapes[byte] as Buffer).copy(target, place);
        isPlain = false;
      }
    }
    if (place > limit) break;
    target.set(lineEnd, place);
    block.end = place + lineEnd.length;
    start = at + 1;
    if ((toPlain && isPlain) || bytes[start] === OPEN) break;
  }
  return start;
}

function isObject(bytes: Buffer, start: number, end: number): boolean {
  if (bytes[start] !== OPEN || bytes[end - 1] !== CLOSE) return false;
  try {
    JSON.parse(bytes.toString('utf8', start, end));
    return true;
  } catch {
    return false; // It only looks like one.
  }
}

const OPEN = 0x7b;
const CLOSE = 0x7d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const FIRST_PRINTABLE = 0x20;
const MAX_ESCAPE_BYTES = 6;
/** From here on a look at the bytes as words pays. */
const WORTH_WORDS = 1024;
const PLAIN_ROOM_BYTES = 8 * 1024;
const dataEnd = Buffer.from('}\n');
const lineEnd = Buffer.from('"}\n');

/** By byte. Those of UTF-8 beyond ASCII need none. */
const escapes = Array.from({ length: 256 }, (_, byte) =>
  byte < FIRST_PRINTABLE || byte === QUOTE || byte === BACKSLASH
    ? Buffer.from(JSON.stringify(String.fromCodePoint(byte)).slice(1, -1))
    : undefined,
);

/** Those with an escape, the line feed among them. */
const isSpecial = Uint8Array.from(escapes, (escape) => (escape ? 1 : 0));
