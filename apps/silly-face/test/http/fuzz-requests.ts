import { randomUUID } from 'node:crypto';

/** All that a run of the generator draws from; the same seed gives the same requests, but for ids. */
export interface Material {
  readonly rounds: readonly string[];
  readonly tokens: readonly string[];
  readonly photo: Buffer;
}

export interface FuzzedConnection {
  /** One request or several in one go; the last asks for the end of the connection. */
  readonly bytes: Buffer;
  /** The client leaves without waiting for answers. */
  readonly leaves: boolean;
}

type Dice = () => number;

/** Mulberry32. */
export function seededDice(seed: number): Dice {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export class Fuzzer {
  readonly #dice: Dice;
  readonly #material: Material;

  constructor(seed: number, material: Material) {
    this.#dice = seededDice(seed);
    this.#material = material;
  }

  connection(): FuzzedConnection {
    const count = this.#chance(0.15) ? 2 + this.#below(4) : 1;
    const requests = Array.from({ length: count }, (_, index) => this.#request(index === count - 1));
    const bytes = Buffer.concat(requests);
    const isCut = this.#chance(0.08);
    return { bytes: isCut ? bytes.subarray(0, this.#below(bytes.length)) : bytes, leaves: isCut };
  }

  #request(isLast: boolean): Buffer {
    if (this.#chance(0.02)) return this.#garbage(1 + this.#below(300));
    if (this.#chance(0.2)) return this.#sound(isLast);
    const { type, body } = this.#body();
    const isChunked = this.#chance(0.1);
    const path = this.#path();
    // Nobody is to be logged out for the rest of the run.
    const token = path.startsWith('/sessions/') ? 'x' : this.#token();
    const headers = [
      'Host: x',
      ...this.#maybe(0.85, `Authorization: Bearer ${token}`),
      ...this.#maybe(0.85, `Idempotency-Key: ${this.#key()}`),
      ...this.#maybe(0.9, `Content-Type: ${type}`),
      ...this.#maybe(0.1, `If-None-Match: ${this.#pick(['*', '"x"', 'W/"x', ',,,', '"'])}`),
      ...this.#maybe(0.05, `Expect: ${this.#pick(['100-continue', 'tea'])}`),
      ...this.#maybe(0.05, `Content-Encoding: ${this.#pick(['gzip', 'br', 'identity', 'x'])}`),
      ...this.#maybe(0.05, `Accept: ${this.#pick(['text/html', '*/*;q=x', 'image/png'])}`),
      ...this.#maybe(0.05, `X-Request-Id: ${this.#pick(['a', "'*/", 'x'.repeat(5000), '%00'])}`),
      ...this.#maybe(0.05, `X-Forwarded-For: ${this.#pick(['::1', '1.2.3.4, x', ',', 'unknown'])}`),
      // Node says nothing of a broken chunk after these: such a request ends with the limit of its time.
      ...this.#maybe(isChunked ? 0 : 0.03, `Upgrade: websocket\r\nConnection: upgrade`),
      ...this.#maybe(0.03, `X-${'y'.repeat(this.#below(9000))}: z`),
      ...(isLast ? ['Connection: close'] : []),
    ];
    const head = `${this.#method()} ${path} HTTP/1.1\r\n${headers.join('\r\n')}\r\n`;
    if (isChunked)
      return Buffer.concat([Buffer.from(`${head}Transfer-Encoding: chunked\r\n\r\n`), this.#chunked(body)]);
    return Buffer.concat([Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n`), body]);
  }

  /** Nothing is wrong with it, whatever the rules of the game say. */
  #sound(isLast: boolean): Buffer {
    const round = `/rounds/${this.#pick(this.#material.rounds)}`;
    const [route, json] = this.#pick<[route: string, json?: object]>([
      [`POST ${round}/taunts`, { text: 'Hm' }],
      [`POST ${round}/guesses`, { face: this.#pick(['Smug Cat', 'Puzzled Pug', 'nobody']) }],
      ['POST /party/seats', {}],
      [`GET ${round}`],
      ['GET /me'],
    ]);
    const body = json === undefined ? '' : JSON.stringify(json);
    return Buffer.from(
      `${route} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${this.#pick(this.#material.tokens)}\r\n` +
        `Idempotency-Key: ${this.#dice()}\r\n${json ? 'Content-Type: application/json\r\n' : ''}` +
        `Content-Length: ${body.length}\r\n${isLast ? 'Connection: close\r\n' : ''}\r\n${body}`,
    );
  }

  #method(): string {
    return this.#chance(0.55)
      ? 'POST'
      : this.#pick([
          'GET',
          'GET',
          'GET',
          'HEAD',
          'PUT',
          'PATCH',
          'DELETE',
          'OPTIONS',
          'TRACE',
          'QUERY',
          'post',
          'TEA',
        ]);
  }

  #path(): string {
    const round = `/rounds/${this.#id()}`;
    const path = this.#pick([
      '/accounts',
      '/sessions',
      '/sessions/current',
      '/me',
      '/faces',
      '/players',
      '/rounds',
      '/party/seats',
      round,
      `${round}/taunts`,
      `${round}/guesses`,
      `${round}/submissions`,
      `${round}/submissions`,
      `${round}/turns/${this.#pick(['1', '2', '0', '-1', '1e3', '99999999999', 'x'])}/photo`,
      '/live',
      '/ready',
      '/_health',
      '/metrics',
      '/docs',
      '/docs/x',
      '/openapi.json',
      '/',
      '*',
      '//',
      '/%zz',
      '/..',
    ]);
    const query = [
      'limit=5',
      'limit=-1',
      'limit=1e9',
      'cursor=AAAA',
      'cursor=%00',
      '%',
      'a[]=b&a[]=c',
      '__proto__=x',
    ];
    return this.#chance(0.2) ? `${path}?${this.#pick(query)}` : path;
  }

  #id(): string {
    return this.#chance(0.6)
      ? this.#pick(this.#material.rounds)
      : this.#pick([
          randomUUID(),
          'x',
          '%00',
          '%F0%9F%98%80',
          'x'.repeat(500),
          "'",
          '%2e%2e',
          randomUUID().toUpperCase(),
        ]);
  }

  #token(): string {
    return this.#chance(0.85)
      ? this.#pick(this.#material.tokens)
      : this.#pick(['', 'x', 'x'.repeat(43), 'x'.repeat(200), '\u00ff']);
  }

  #key(): string {
    return this.#chance(0.6)
      ? `${this.#dice()}`
      : this.#pick(['again', 'once-more', '', 'a b', 'k'.repeat(256), '\u00e4']);
  }

  #body(): { type: string; body: Buffer } {
    const json = 'application/json';
    if (this.#chance(0.45)) return { type: json, body: Buffer.from(JSON.stringify(this.#proper())) };
    if (this.#chance(0.25)) return this.#form();
    const text = this.#pick([
      '',
      '{',
      'null',
      '[]',
      '"x"',
      '{"__proto__":{"a":1}}',
      '{"text":"\\ud800"}',
      '{"text":"\\u0000"}',
      '{"face":1e999}',
      `${'['.repeat(5000)}${']'.repeat(5000)}`,
      `{"text":"${'x'.repeat(20_000)}"}`,
    ]);
    const body = this.#chance(0.2) ? this.#garbage(this.#below(500)) : Buffer.from(text);
    return {
      type: this.#pick([
        json,
        json,
        json,
        'text/plain',
        'application/json; charset=utf-16',
        'x',
        'multipart/form-data',
      ]),
      body,
    };
  }

  /** As some route wants it. A password that is long enough would cost a quarter of a second. */
  #proper(): object {
    return this.#pick<object>([
      { text: this.#pick(['Hm', 'x'.repeat(140), '😀', 'x'.repeat(141), '\u202e', '']) },
      { face: this.#pick(['Smug Cat', 'Puzzled Pug', 'nobody', '\0', '']) },
      { opponentId: this.#pick([randomUUID(), 'x', ...this.#material.rounds]) },
      { name: 'somebody', password: 'short' },
      {},
      { room: this.#pick(['ABCD', '', 'x'.repeat(99), '😀']) },
    ]);
  }

  #form(): { type: string; body: Buffer } {
    const part = (name: string, content: Buffer | string, file = false): Buffer =>
      Buffer.concat([
        Buffer.from(
          `--b\r\nContent-Disposition: form-data; name="${name}"${file ? '; filename="p"' : ''}\r\n\r\n`,
        ),
        Buffer.from(content),
        Buffer.from('\r\n'),
      ]);
    const { photo } = this.#material;
    const parts = Array.from({ length: this.#below(8) }, () =>
      this.#pick([
        part('face', this.#pick(['Smug Cat', 'nobody', 'x'.repeat(2000)])),
        part('photo', this.#pick([photo, photo.subarray(0, photo.length / 2), this.#garbage(2000)]), true),
        part(this.#pick(['photo', 'other', '__proto__', '']), 'x', this.#chance(0.5)),
        this.#garbage(50),
      ]),
    );
    const proper = [part('face', 'Smug Cat'), part('photo', photo, true)];
    const end = this.#chance(0.85) ? '--b--\r\n' : '--b';
    const body = Buffer.concat([...(this.#chance(0.4) ? proper : parts), Buffer.from(end)]);
    return {
      type: `multipart/form-data${this.#pick(['; boundary=b', '; boundary=b', '; boundary=c', ';', ''])}`,
      body,
    };
  }

  #chunked(body: Buffer): Buffer {
    const size = this.#chance(0.8)
      ? body.length.toString(16)
      : this.#pick(['zz', '-1', 'ffffffffffffffffff', '']);
    return Buffer.concat([Buffer.from(`${size}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')]);
  }

  #garbage(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.#below(256)));
  }

  #maybe(chance: number, header: string): string[] {
    return this.#chance(chance) ? [header] : [];
  }

  #pick<Value>(values: readonly Value[]): Value {
    return values[this.#below(values.length)] as Value;
  }

  #chance(chance: number): boolean {
    return this.#dice() < chance;
  }

  #below(limit: number): number {
    return Math.floor(this.#dice() * limit);
  }
}
