import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface StrictRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: Buffer;
}

export interface StrictAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** How often it was sent until it was answered. */
  readonly attempts: number;
}

/** How often which failure was met: `POST ECONNRESET`, `GET 503 database-unavailable`. */
export type Failures = Record<string, number>;

export interface StrictOptions {
  /** Where it is sent; several are asked in turn, and after a failure it is the next one's. */
  readonly url: string | readonly string[];
  /**
   * How long a request is repeated, byte for byte and so with the same Idempotency-Key, until it is answered; 0: not at all.
   */
  readonly patienceMs: number;
  /** An attempt without its whole answer by then has failed. @default 10_000 */
  readonly answerMs?: number;
}

/**
 * Gives each request a verdict. A kept connection that the server closes while it carries nothing is nobody's loss; from the
 * first byte of a request on, everything but its whole answer is a failure, and counted.
 */
export class StrictClient {
  readonly failures: Failures = {};
  /** Requests with a verdict, by what became of them. */
  answered = 0;
  lost = 0;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #options: Required<StrictOptions>;
  readonly #urls: readonly string[];
  #turn = 0;

  constructor(options: StrictOptions) {
    this.#options = { answerMs: 10_000, ...options };
    this.#urls = [options.url].flat();
  }

  /** @throws when it was not answered within the patience */
  async send(request: StrictRequest): Promise<StrictAnswer> {
    const deadline = performance.now() + this.#options.patienceMs;
    for (let attempts = 1; ; attempts += 1) {
      const outcome = await this.#attempt(request);
      if (typeof outcome !== 'string') {
        this.answered += 1;
        return { ...outcome, attempts };
      }
      const failure = `${request.method} ${outcome}`;
      this.failures[failure] = (this.failures[failure] ?? 0) + 1;
      if (performance.now() >= deadline) {
        this.lost += 1;
        throw new Error(`${request.method} ${request.path} was lost: ${outcome}`);
      }
      await sleep(Math.min(20 * 2 ** attempts, 500));
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  /** The answer, or in a word why there is none. */
  async #attempt(request: StrictRequest): Promise<Omit<StrictAnswer, 'attempts'> | string> {
    try {
      const answer = await this.#exchange(request);
      return UNAVAILABLE.has(answer.status) ? unavailable(answer) : answer;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? String(error);
    }
  }

  #exchange({ method, path, headers, body }: StrictRequest): Promise<Omit<StrictAnswer, 'attempts'>> {
    const { answerMs } = this.#options;
    const url = this.#urls[this.#turn++ % this.#urls.length];
    return new Promise((resolve, reject) => {
      const request = httpRequest(new URL(path, url), {
        agent: this.#agent,
        method,
        headers: { ...headers, ...(body && { 'content-length': body.length }) },
      });
      const timer = setTimeout(
        () => request.destroy(Object.assign(new Error('No answer'), { code: 'NO_ANSWER' })),
        answerMs,
      );
      request.on('close', () => clearTimeout(timer));
      request.on('error', reject);
      request.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
          }),
        );
      });
      request.end(body);
    });
  }
}

const UNAVAILABLE: ReadonlySet<number> = new Set([500, 502, 503, 504]);

function unavailable({ status, body }: Omit<StrictAnswer, 'attempts'>): string {
  return `${status} ${/"code"\s*:\s*"([\w-]+)"/.exec(body.toString())?.[1] ?? ''}`.trim();
}
