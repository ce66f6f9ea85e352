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
  const { length } = bytes;
  for (let start = 0; start < length;) {
    const feed = bytes.indexOf(LINE_FEED, start);
    const end = feed === -1 ? length : feed;
    const block = blocks.room(lineHead.length + (end - start) * MAX_ESCAPE_BYTES + lineEnd.length);
    if (continues || !isObject(bytes, start, end)) {
      writeLine(block, lineHead, bytes, start, end);
    } else {
      dataHead ??= Buffer.from(`${head}"data":`);
      writeData(block, dataHead, bytes, start, end);
    }
    start = end + 1;
  }
}

function writeData(block: Block, head: Buffer, bytes: Buffer, start: number, end: number): void {
  append(block, head, 0, head.length);
  append(block, bytes, start, end);
  append(block, dataEnd, 0, dataEnd.length);
}

function writeLine(block: Block, head: Buffer, bytes: Buffer, start: number, end: number): void {
  const target = block.bytes;
  target.set(head, block.end);
  let place = block.end + head.length;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (isEscaped[byte] === 0) target[place++] = byte;
    else place += (escapes[byte] as Buffer).copy(target, place);
  }
  target.set(lineEnd, place);
  block.end = place + lineEnd.length;
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

const isEscaped = Uint8Array.from(escapes, (escape) => (escape ? 1 : 0));
