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
  let dataHead: Buffer | undefined;
  for (let start = 0; start < bytes.length;) {
    const feed = bytes.indexOf(LINE_FEED, start);
    const end = feed === -1 ? bytes.length : feed;
    const block = blocks.room(lineHead.length + (end - start + 1) * MAX_ESCAPE_BYTES + lineEnd.length);
    if (continues || !isObject(bytes, start, end)) {
      start = writeLines(block, lineHead, bytes, start);
    } else {
      dataHead ??= Buffer.from(`${head}"data":`);
      writeData(block, dataHead, bytes, start, end);
      start = end + 1;
    }
  }
}

function writeData(block: Block, head: Buffer, bytes: Buffer, start: number, end: number): void {
  append(block, head, 0, head.length);
  append(block, bytes, start, end);
  append(block, dataEnd, 0, dataEnd.length);
}

/**
 * Writes the line that begins at `first`, which the block has room for, and those behind it as far as they fit and are certainly
 * no objects. Returns where the next one begins.
 *
 * The one loop over bytes. It calls nothing that V8 would build into it, as what its compiler needs is what this process grows by.
 */
function writeLines(block: Block, head: Buffer, bytes: Buffer, first: number): number {
  const target = block.bytes;
  const limit = target.length - MAX_ESCAPE_BYTES - lineEnd.length;
  let start = first;
  while (start < bytes.length && block.end + head.length <= limit) {
    target.set(head, block.end);
    let place = block.end + head.length;
    let at = start;
    for (; at < bytes.length && place <= limit; at++) {
      const byte = bytes[at] as number;
      if (isSpecial[byte] === 0) target[place++] = byte;
      else if (byte === LINE_FEED) break;
      else place += (escapes[byte] as Buffer).copy(target, place);
    }
    if (place > limit) break;
    target.set(lineEnd, place);
    block.end = place + lineEnd.length;
    start = at + 1;
    if (bytes[start] === OPEN) break;
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
