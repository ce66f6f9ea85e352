export interface Head {
  method: string;
  target: string;
  /** Names in lower case. */
  headers: Map<string, string>;
}

export interface Events {
  onHead: (head: Head) => void;
  /** So many bytes of the body came, its framing included. */
  onBody: (bytes: number) => void;
  /** The body has ended; where there is none, at once. */
  onEnd: (head: Head) => void;
}

type State = 'head' | 'body' | 'chunk size' | 'chunk' | 'trailers';

/** Finds where the requests of one connection begin and end, and looks at nothing in between. The bytes are its own only during a read. */
export class RequestReader {
  readonly #events: Events;
  #state: State = 'head';
  #head: Head = { method: '', target: '', headers: new Map() };
  /** Bytes until the body's end, or the chunk's. */
  #left = 0;
  /** The beginning of a head or line whose end has not come yet. */
  #begun = '';

  constructor(events: Events) {
    this.#events = events;
  }

  read(bytes: Buffer, length: number): void {
    let at = 0;
    while (at < length) {
      const from = at;
      const state = this.#state;
      if (state === 'body' || state === 'chunk') {
        const taken = Math.min(this.#left, length - at);
        this.#left -= taken;
        at += taken;
        this.#events.onBody(taken);
        if (this.#left === 0) this.#afterBytes();
        continue;
      }
      const end = state === 'head' ? '\r\n\r\n' : '\r\n';
      const begun = this.#begun;
      const text = begun + bytes.toString('latin1', at, Math.min(length, at + LONGEST_HEAD_BYTES));
      const found = text.indexOf(end);
      if (found < 0 && text.length >= LONGEST_HEAD_BYTES) throw new Error(`A ${state} without an end`);
      at = found < 0 ? length : at + found + end.length - begun.length;
      this.#begun = found < 0 ? text : '';
      if (state !== 'head') this.#events.onBody(at - from);
      if (found >= 0) this.#afterText(text.slice(0, found));
    }
  }

  #afterText(text: string): void {
    switch (this.#state) {
      case 'head':
        this.#begin(headOf(text));
        break;
      case 'chunk size': {
        const size = Number.parseInt(text, 16);
        if (Number.isNaN(size)) throw new Error(`A chunk of size ${text}`);
        this.#state = size === 0 ? 'trailers' : 'chunk';
        this.#left = size + '\r\n'.length;
        break;
      }
      case 'trailers':
        if (text === '') this.#end();
        break;
      case 'body':
      case 'chunk':
    }
  }

  #begin(head: Head): void {
    this.#head = head;
    this.#left = Number(head.headers.get('content-length') ?? 0);
    const isChunked = head.headers.get('transfer-encoding') === 'chunked';
    this.#state = isChunked ? 'chunk size' : 'body';
    this.#events.onHead(head);
    if (!isChunked && this.#left === 0) this.#end();
  }

  #afterBytes(): void {
    if (this.#state === 'chunk') this.#state = 'chunk size';
    else this.#end();
  }

  #end(): void {
    this.#state = 'head';
    this.#events.onEnd(this.#head);
  }
}

const LONGEST_HEAD_BYTES = 16 * 1024;

function headOf(text: string): Head {
  const [first = '', ...lines] = text.split('\r\n');
  const [method = '', target = ''] = first.split(' ');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { method, target, headers };
}
