import type { Block, Blocks } from './blocks.ts';
import { LINE_FEED, type Lines, type Origin } from './lines.ts';

/** Writes lines into blocks, in the form that a sink wants. A block never ends within a line. */
export type Format = (lines: Lines, origin: Origin, blocks: Blocks) => void;

/** The bytes as they are. */
export function rawFormat({ bytes }: Lines, _origin: Origin, blocks: Blocks): void {
  const block = blocks.room(bytes.length);
  block.end += bytes.copy(block.bytes, block.end);
}

/** `{tag}{line}`; a line that goes on in the next one ends with `…`. */
export function taggedFormat(tag: (origin: Origin) => Buffer): Format {
  return ({ bytes, continues }, origin, blocks) => {
    const head = tag(origin);
    const length = bytes.length;
    for (let start = 0, end = 0; start < length; start = end) {
      const feed = bytes.indexOf(LINE_FEED, start);
      end = feed === -1 ? length : feed + 1;
      const block = blocks.room(head.length + end - start + goesOn.length);
      append(block, head, 0, head.length);
      append(block, bytes, start, end);
      if (feed === -1 && continues) append(block, goesOn, 0, goesOn.length);
    }
  };
}

/** Adds a part of the source to a block, which has room for it. */
export function append(block: Block, source: Buffer, start: number, end: number): void {
  if (end - start > LONG) {
    block.end += source.copy(block.bytes, block.end, start, end);
    return;
  }
  // Not `copy`: it makes an object for each call, which at full rate are twenty megabytes to collect.
  const target = block.bytes;
  let place = block.end;
  for (let at = start; at < end; at++) target[place++] = source[at] as number;
  block.end = place;
}

/** The tag of a line in a file: when it was read, and whose it is. */
export function fileTag({ child, stream }: Origin): Buffer {
  return Buffer.from(`${timestamp()} ${child}${stream === 'stderr' ? ' stderr' : ''} | `);
}

/** ISO 8601, with milliseconds, UTC. */
export function timestamp(): string {
  const now = Date.now();
  if (now !== lastTime) {
    lastTime = now;
    lastText = new Date(now).toISOString();
  }
  return lastText;
}

const LONG = 512;
const goesOn = Buffer.from('…\n');
let lastTime = 0;
let lastText = '';
