import type { GracefulShutdown } from './graceful-shutdown.ts';
import { shareChecks } from './health-checks.ts';
import type { HealthOptions } from './options.ts';
import { HEALTH_RULES, readByRules } from './settings.ts';

/** An answer without a server: `new Response(answer.body, answer)`. */
export interface HealthAnswer {
  readonly status: 200 | 503;
  /** Content-Type and Cache-Control. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface HealthRequest {
  readonly method?: string | undefined;
}

/** What is used of a response of node:http or http2, and so of express. */
interface NodeResponse {
  readonly headersSent: boolean;
  statusCode: number;
  setHeader(name: string, value: string | number): unknown;
  end(body: string): unknown;
}

/** Of a reply of fastify, whose own way to answer would serialize. */
interface FastifyReply {
  readonly raw: NodeResponse;
  hijack(): unknown;
}

/** A handler for node:http, express and fastify. Answers every request it is given: the caller picks path and method. */
export interface HealthEndpoint {
  (request: HealthRequest, response: NodeResponse | FastifyReply): void;
  /** What the handler would answer, for frameworks with a way of their own, such as hono and koa. Never rejects. */
  answer(): Promise<HealthAnswer>;
}

/** Itself the answer to 'how are you?': 200 `ok` while the process runs, 503 and the state's name from the first signal on. */
export interface HealthHandler extends HealthEndpoint {
  /**
   * Should this process be killed? 200 `ok` as long as it can answer, also while it drains; 503 `failing` when one of the
   * `liveChecks` fails before that.
   */
  readonly live: HealthEndpoint;
  /**
   * Should this process get requests? 200 when all `checks` are well, 503 when one is not, and from the first signal on. The body
   * is JSON: `{ "status": "ok" | "failing" | state, "checks": { [name]: "ok" | "failed" } }`.
   */
  readonly ready: HealthEndpoint;
}

/**
 * Answers load balancers and orchestrators. Why a check failed is logged and not answered: health is often public.
 *
 * @throws {OptionError} when an option is wrong
 */
export function healthHandler(
  handle: Pick<GracefulShutdown, 'state'>,
  options: HealthOptions = {},
): HealthHandler {
  const { checks, liveChecks, ...settings } = readByRules(HEALTH_RULES, options);
  const isRunning = (): boolean => handle.state === 'running';
  const askAlive = shareChecks(liveChecks, settings);
  const askReady = shareChecks(checks, settings);

  /** Asked before and after: the signal may come while the checks run. */
  const whileRunning = async (ask: typeof askReady) => {
    const results = isRunning() ? await ask() : undefined;
    return isRunning() ? results : undefined;
  };

  const health = endpoint(async () => answerOf(isRunning() ? 'ok' : handle.state));
  const live = endpoint(async () => answerOf(summary((await whileRunning(askAlive)) ?? {})));
  const ready = endpoint(async () => {
    const checks = await whileRunning(askReady);
    const status = checks ? summary(checks) : handle.state;
    return answerOf(status, JSON.stringify({ status, checks: checks ?? {} }), 'application/json');
  });
  return Object.assign(health, { live, ready });
}

function endpoint(answer: () => Promise<HealthAnswer>): HealthEndpoint {
  const send = async (method: string | undefined, response: NodeResponse): Promise<void> => {
    const { status, headers, body } = await answer();
    // Somebody else, a middleware with a time limit, say, was faster.
    if (response.headersSent) return;
    response.statusCode = status;
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.setHeader('Content-Length', Buffer.byteLength(body));
    response.end(method === 'HEAD' ? '' : body);
  };
  const handler = (request: HealthRequest, response: NodeResponse | FastifyReply): void => {
    const isReply = 'hijack' in response;
    if (isReply) response.hijack();
    void send(request.method, isReply ? response.raw : response);
  };
  return Object.assign(handler, { answer });
}

function summary(results: Readonly<Record<string, string>>): 'ok' | 'failing' {
  return Object.values(results).every((result) => result === 'ok') ? 'ok' : 'failing';
}

function answerOf(status: string, body = status, type = 'text/plain; charset=utf-8'): HealthAnswer {
  const headers = { 'Content-Type': type, 'Cache-Control': 'no-store' };
  return { status: status === 'ok' ? 200 : 503, headers, body };
}
