import { StringDecoder } from 'node:string_decoder';

/** Cuts a stream of bytes into lines: whole ones, with characters intact that arrive in two chunks. */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8');
  readonly #onLine: (line: string) => void;
  #rest = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  write(chunk: Buffer): void {
    this.#take(this.#decoder.write(chunk));
  }

  /** The stream has ended: what is left is a line too. */
  end(): void {
    this.#take(this.#decoder.end());
    if (this.#rest !== '') this.#onLine(this.#rest);
    this.#rest = '';
  }

  #take(text: string): void {
    let start = 0;
    let end = text.indexOf('\n');
    while (end !== -1) {
      this.#onLine(this.#rest + text.slice(start, end));
      this.#rest = '';
      start = end + 1;
      end = text.indexOf('\n', start);
    }
    this.#rest += text.slice(start);
    // A child that never ends its line must not fill our memory: it comes in pieces.
    while (this.#rest.length > MAX_LINE_LENGTH) {
      this.#onLine(this.#rest.slice(0, MAX_LINE_LENGTH));
      this.#rest = this.#rest.slice(MAX_LINE_LENGTH);
    }
  }
}

const MAX_LINE_LENGTH = 1024 * 1024;
