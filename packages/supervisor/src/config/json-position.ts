/** What is wrong with a JSON text, and where; lines and columns count from 1. */
export interface JsonError {
  readonly message: string;
  readonly line: number;
  readonly column: number;
}

/** As JSON.parse, whose errors say where only now and then, and differently in each version of V8. */
export function parseJson(text: string): { value?: unknown; error?: JsonError } {
  const json = text.replace(/^\uFEFF/, '');
  try {
    return { value: JSON.parse(json) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { error: findMistake(json) ?? { message: error.message, line: 1, column: 1 } };
  }
}

function findMistake(text: string): JsonError | undefined {
  try {
    new JsonWalk(text).document();
    return undefined;
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    const { offset, message } = error;
    const before = text.slice(0, offset).split('\n');
    const got = offset < text.length ? `got ${wordAt(text, offset)}` : 'but the file ends';
    return { message: `${message}, ${got}`, line: before.length, column: (before.at(-1) ?? '').length + 1 };
  }
}

function wordAt(text: string, offset: number): string {
  const [word = ''] = /^(?:[\w.+-]{1,20}|"[^"\n]{0,20}"?|.)/su.exec(text.slice(offset, offset + 30)) ?? [];
  return /^[^\p{C}`]+$/u.test(word) ? `\`${word}\`` : JSON.stringify(word);
}

class Mistake extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** Goes through a text as far as it is JSON, and throws the first mistake. */
class JsonWalk {
  readonly #text: string;
  #offset = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): void {
    this.#value();
    if (this.#offset < this.#text.length) throw this.#expected('the end of the file');
  }

  #value(): void {
    if (this.#takes(/\{/y)) this.#items('}', () => this.#member());
    else if (this.#takes(/\[/y)) this.#items(']', () => this.#value());
    else if (!this.#takes(STRING) && !this.#takes(LITERAL)) throw this.#expected('a value');
  }

  #member(): void {
    if (!this.#takes(STRING)) throw this.#expected('a name in double quotes');
    if (!this.#takes(/:/y)) throw this.#expected('`:`');
    this.#value();
  }

  #items(end: '}' | ']', item: () => void): void {
    const ends = end === '}' ? /\}/y : /\]/y;
    if (this.#takes(ends)) return;
    do item();
    while (this.#takes(/,/y));
    if (!this.#takes(ends)) throw this.#expected(`\`,\` or \`${end}\``);
  }

  /** Goes on behind the token, if it comes next, and behind the blanks that follow it. */
  #takes(token: RegExp): boolean {
    if (this.#offset === 0) this.#skipBlanks();
    token.lastIndex = this.#offset;
    if (!token.test(this.#text)) return false;
    this.#offset = token.lastIndex;
    this.#skipBlanks();
    return true;
  }

  #skipBlanks(): void {
    BLANKS.lastIndex = this.#offset;
    BLANKS.test(this.#text);
    this.#offset = BLANKS.lastIndex;
  }

  #expected(what: string): Mistake {
    return new Mistake(`expected ${what}`, this.#offset);
  }
}

const BLANKS = /[ \t\n\r]*/y;
// Control characters of ASCII have to be escaped, those beyond need not.
const STRING = /"(?:[^"\\\p{Cc}]|\p{Cc}(?<=[\u007F-\u009F])|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/uy;
const LITERAL = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y;
