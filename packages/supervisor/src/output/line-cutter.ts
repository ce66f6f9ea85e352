import { LINE_FEED, type Lines } from './lines.ts';
import { prepend } from './stream-reader.ts';

/**
 * Cuts a stream of bytes at its last line feed, and looks at no line between. A line of more than 1 MiB comes in pieces, so that
 * a child that never ends its line does not fill our memory; characters stay whole in them.
 */
export class LineCutter {
  readonly #onLines: (lines: Lines) => void;
  /** Copies: the chunks themselves are only lent. */
  #rest: Buffer[] = [];
  #restBytes = 0;

  constructor(onLines: (lines: Lines) => void) {
    this.#onLines = onLines;
  }

  write(piece: Buffer): void {
    const chunk = this.#afterRest(piece);
    const end = chunk.lastIndexOf(LINE_FEED) + 1;
    let start = 0;
    if (end > 0 && this.#restBytes > 0) {
      start = chunk.indexOf(LINE_FEED) + 1;
      this.#keep(chunk.subarray(0, start));
      this.#onLines({ bytes: this.#takeRest(), continues: false });
    }
    if (start < end) this.#onLines({ bytes: chunk.subarray(start, end), continues: false });
    if (end < chunk.length) this.#keep(chunk.subarray(end));
  }

  /** The stream has ended: what is left is a line too, and gets its line feed. */
  end(): void {
    if (this.#restBytes === 0) return;
    this.#keep(lineFeed);
    this.#onLines({ bytes: this.#takeRest(), continues: false });
  }

  /** The piece with the rest before it, if that goes without a copy of the piece. */
  #afterRest(piece: Buffer): Buffer {
    const [rest] = this.#rest;
    const whole = rest && this.#rest.length === 1 ? prepend(rest, piece) : undefined;
    if (!whole) return piece;
    this.#rest = [];
    this.#restBytes = 0;
    return whole;
  }

  #keep(part: Buffer): void {
    this.#rest.push(Buffer.from(part));
    this.#restBytes += part.length;
    while (this.#restBytes > MAX_LINE_BYTES) {
      const bytes = this.#takeRest();
      const at = characterStart(bytes, MAX_LINE_BYTES);
      this.#onLines({ bytes: bytes.subarray(0, at), continues: true });
      this.#rest.push(bytes.subarray(at));
      this.#restBytes = bytes.length - at;
    }
  }

  #takeRest(): Buffer {
    const [only] = this.#rest;
    const bytes = this.#rest.length === 1 && only ? only : Buffer.concat(this.#rest, this.#restBytes);
    this.#rest = [];
    this.#restBytes = 0;
    return bytes;
  }
}

const MAX_LINE_BYTES = 1024 * 1024;
const lineFeed = Buffer.from([LINE_FEED]);

/** The last place up to `at` where a UTF-8 character begins. */
function characterStart(bytes: Buffer, at: number): number {
  for (let place = at; place > at - 4; place--) {
    if (((bytes[place] ?? 0) & 0b1100_0000) !== 0b1000_0000) return place;
  }
  return at;
}
