/**
 * What Node.js itself writes to the standard error of a child when we open its inspector: where it listens, and that we are
 * there. From the moment when it is asked to open, these lines, and only these, are not the child's output; all else passes
 * byte by byte.
 */
export class InspectorNotices {
  /** Where the inspector listens. Pending until it does. */
  readonly url: Promise<string>;
  #resolveUrl: (url: string) => void = () => {};
  #isExpected = false;
  /** The beginning of a line, which may become a notice. */
  #held = '';

  constructor() {
    this.url = new Promise((resolve) => (this.#resolveUrl = resolve));
  }

  /** To be called before the inspector is asked to open. */
  expect(): void {
    this.#isExpected = true;
  }

  /** What is the child's of a piece of its standard error. The beginning of a line is kept until more comes. */
  filter(chunk: Buffer): Buffer {
    if (!this.#isExpected) return chunk;
    // Each byte is one character, whatever it means.
    const text = this.#held + chunk.toString('latin1');
    const url = listening.exec(text)?.[1];
    if (url !== undefined) this.#resolveUrl(url);
    const end =
      text.length - (text.lastIndexOf('\n') + 1) > MAX_HELD ? text.length : text.lastIndexOf('\n') + 1;
    this.#held = text.slice(end);
    return Buffer.from(text.slice(0, end).replace(notices, ''), 'latin1');
  }

  /** What is still kept when the stream has ended. */
  rest(): Buffer {
    const held = this.#held;
    this.#held = '';
    return Buffer.from(held, 'latin1');
  }
}

// Longer than any notice.
const MAX_HELD = 1024;

const listening = /Debugger listening on (ws:\/\/[\w.:[\]]+\/[\da-f-]+)\n/;

// The first alone may come after the beginning of a line of the child.
const notices = new RegExp(
  [
    `${listening.source}(?:For help, see: https:\\/\\/nodejs\\.org\\/\\S*\\n)?`,
    String.raw`^For help, see: https:\/\/nodejs\.org\/\S*\n`,
    String.raw`^Debugger attached\.\n`,
    String.raw`^Debugger ending on ws:\/\/\S+\n`,
    String.raw`^Waiting for the debugger to disconnect\.\.\.\n`,
  ].join('|'),
  'gm',
);
