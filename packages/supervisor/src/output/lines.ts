export type Stream = 'stdout' | 'stderr';

/** Whose lines. */
export interface Origin {
  readonly child: string;
  readonly pid: number;
  readonly stream: Stream;
}

/** Whole lines as they were written, each with its line feed. The bytes are only lent: whoever keeps them copies them. */
export interface Lines {
  readonly bytes: Buffer;
  /** It is one piece of a line that is too long to come whole: no line feed at its end, the rest follows. */
  readonly continues: boolean;
}

export const LINE_FEED = 0x0a;

export function countLines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(LINE_FEED); at !== -1; at = bytes.indexOf(LINE_FEED, at + 1)) count += 1;
  return count;
}

/** The lines as text without their line feeds. Bytes that are not UTF-8 become U+FFFD. */
export function decodeLines({ bytes, continues }: Lines): string[] {
  const lines = bytes.toString('utf8').split('\n');
  if (!continues) lines.pop();
  return lines;
}
