import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { ServiceTrouble, Stopped } from '../errors.ts';

export interface HttpClientOptions {
  /** Where the service is. */
  url: URL;
  /** Aborts everything at once, also what is on its way. */
  signal: AbortSignal;
  /** The longest that one attempt may take, to the last byte of its answer. @default 10000 */
  timeLimitMs?: number;
  /** How often a request is sent, all in all, before the service counts as troubled. @default 5 */
  attempts?: number;
  /** The first pause between two attempts; each next one is twice as long, up to 2 s. Retry-After makes it longer. @default 100 */
  backoffMs?: number;
}

export interface Request {
  method: 'GET' | 'POST';
  path: string;
  headers?: Record<string, string>;
  body?: Uint8Array<ArrayBuffer> | string;
}

export interface Answer {
  status: number;
  headers: Headers;
  body: Buffer;
  /** For messages: method, path and status. */
  request: string;
}

const LONGEST_PAUSE_MS = 2000;

/**
 * Sends over the connections that the built-in fetch keeps alive. A request without an answer, or answered by 502, 503 or 504,
 * is repeated as it was, byte for byte and with the same Idempotency-Key: the service does it once, however often it heard it.
 */
export class HttpClient {
  readonly #options: Required<HttpClientOptions>;

  constructor(options: HttpClientOptions) {
    this.#options = { timeLimitMs: 10_000, attempts: 5, backoffMs: 100, ...options };
  }

  /** @throws {ServiceTrouble} when the last attempt failed as well; {@link Stopped} when the signal came first */
  async send(request: Request): Promise<Answer> {
    const headers = { ...request.headers };
    if (request.method === 'POST') headers['idempotency-key'] = randomUUID();
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.#attempt({ ...request, headers });
      if (!(outcome instanceof ServiceTrouble)) return outcome;
      if (attempt === this.#options.attempts) throw outcome;
      await this.#backOff(attempt, outcome.retryAfterMs);
    }
  }

  async #attempt({ method, path, headers, body }: Request): Promise<Answer | ServiceTrouble> {
    const { url, signal, timeLimitMs } = this.#options;
    if (signal.aborted) throw new Stopped();
    // Not AbortSignal.any: it would leave something behind on the long-lived signal for each request.
    const abort = new AbortController();
    const stop = (): void => abort.abort();
    const timer = setTimeout(stop, timeLimitMs);
    signal.addEventListener('abort', stop, { once: true });
    try {
      const init: RequestInit = { method, headers: headers ?? {}, redirect: 'manual', signal: abort.signal };
      if (body !== undefined) init.body = body;
      const response = await fetch(new URL(path, url), init);
      const bytes = Buffer.from(await response.arrayBuffer());
      const { status } = response;
      const answer = {
        status,
        headers: response.headers,
        body: bytes,
        request: `${method} ${path} → ${status}`,
      };
      return [502, 503, 504].includes(status) ? unavailable(answer) : answer;
    } catch (cause) {
      if (signal.aborted) throw new Stopped();
      const condition = abort.signal.aborted
        ? `no answer within ${timeLimitMs} ms`
        : connectionTrouble(cause);
      return new ServiceTrouble(condition, { request: `${method} ${path}`, cause });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    }
  }

  async #backOff(attempt: number, retryAfterMs: number): Promise<void> {
    const { backoffMs, signal } = this.#options;
    // Jitter keeps two bots from knocking in step at a service that is coming up.
    const backoff = backoffMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
    const pauseMs = Math.min(Math.max(backoff, retryAfterMs), LONGEST_PAUSE_MS);
    await pause(pauseMs, undefined, { signal }).catch(() => {
      throw new Stopped();
    });
  }
}

function unavailable({ status, headers, body, request }: Answer): ServiceTrouble {
  const isProblem = headers.get('content-type')?.startsWith('application/problem+json');
  const code = isProblem ? /"code"\s*:\s*"([\w-]+)"/.exec(body.toString())?.[1] : undefined;
  const retryAfterMs = Number(headers.get('retry-after') ?? 0) * 1000 || 0;
  return new ServiceTrouble(code === undefined ? `${status}` : `${status} ${code}`, {
    request,
    retryAfterMs,
  });
}

/** fetch says `fetch failed` for everything; what happened is the code of its cause. */
function connectionTrouble(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  return code === 'ECONNREFUSED' ? 'connection refused' : `connection failed (${code})`;
}
