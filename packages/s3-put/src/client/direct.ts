import { S3Client } from '@aws-sdk/client-s3';
import { untilAborted } from '../deadline.ts';
import { digestHeaders } from '../body.ts';
import { escapedKey } from '../escaped.ts';
import { Failure } from '../failure.ts';
import { digestsOf } from '../source/source.ts';
import type { HttpRequest } from '../transport/transport.ts';
import { attempt } from './attempt.ts';
import type { Context, Errand } from './attempt.ts';
import { sendCommand } from './command.ts';
import { Signer, timeOf, UNSIGNED } from './signature.ts';
import type { S3Command, SendOptions } from './command.ts';

/** A PUT below a key, which can go without the client's middleware. */
export interface DirectErrand<T> extends Errand<T> {
  key: string;
  query: Record<string, string>;
  /** The same errand for the client, whose failed attempts it repeats. */
  command: () => S3Command;
}

/**
 * The short way to S3. The client's middleware costs four times as much CPU as all else that a small file needs, and what it
 * does for a PUT to a plain bucket is always the same. So a request that the client has sent becomes the pattern of
 * those that follow: its address, its region, and the credentials of the client, once the same signature has come of them.
 *
 * Whatever is not that plain goes through the client: middleware of the user's, a signer of the user's, session-based or
 * multi-region signing, a retry strategy of the old kind. And so does each request that failed: its first attempt is reported to
 * the client, which decides what becomes of it.
 */
export class DirectWay {
  readonly #client: S3Client;
  /** Whether the server may know checksums of whole objects in parts: until it refuses one. */
  knowsFullObject = true;
  /** Whether it takes parts whose checksum only shows in that of the whole: until it refuses one. */
  takesPartsWithoutChecksum = true;
  #pattern: Pattern | undefined;

  constructor(client: S3Client) {
    this.#client = client;
  }

  /** @throws {Failure} of the last attempt, or of the client */
  async send<T>(errand: DirectErrand<T>, context: Context): Promise<T> {
    const onSuccess = async (request: HttpRequest, middlewareContext: object): Promise<void> => {
      // What fails here is no failure of a request that has succeeded.
      const found = patternOf(request, middlewareContext, errand, this.#client).catch(() => undefined);
      this.#pattern ??= await found;
    };
    const pattern = this.#pattern;
    const ready = pattern && (await untilAborted(context.signal, this.#prepared(pattern, errand)));
    if (ready === undefined) return await throughClient(errand, context, { onSuccess });
    let failed: Error;
    try {
      const { value } = await attempt(ready.request, errand, context);
      ready.strategy.recordSuccess(ready.token);
      return value;
    } catch (error) {
      failed = error as Error;
    }
    // It may be the pattern that was wrong, when somebody has changed the bucket or the client.
    if (failed instanceof Failure && failed.details.source === 's3') this.#pattern = undefined;
    return await throughClient(errand, context, { failed, onSuccess });
  }

  /** Undefined when only the client can send it, or fail in its own words. */
  async #prepared(
    pattern: Pattern,
    errand: DirectErrand<unknown>,
  ): Promise<{ request: HttpRequest; strategy: RetryStrategy; token: object } | undefined> {
    const strategy = await retryStrategyOf(this.#client);
    if (strategy === undefined) return undefined;
    try {
      const token = await strategy.acquireInitialRetryToken(pattern.host);
      return { request: await this.#signed(pattern, errand), strategy, token };
    } catch {
      return undefined;
    }
  }

  async #signed(
    pattern: Pattern,
    { key, query, headers, source }: DirectErrand<unknown>,
  ): Promise<HttpRequest> {
    const credentials = await this.#client.config.credentials();
    const time = timeOf(new Date(Date.now() + (configOf(this.#client).systemClockOffset ?? 0)));
    const all: Record<string, string> = {
      ...pattern.headers,
      ...headers,
      'content-length': String(source?.size ?? 0),
      'x-amz-content-sha256': UNSIGNED,
      'x-amz-date': time,
    };
    if (credentials.sessionToken !== undefined) all['x-amz-security-token'] = credentials.sessionToken;
    const path = `${pattern.basePath}/${escapedKey(key)}`;
    const names = Object.keys(all)
      .filter((name) => name !== 'user-agent')
      .toSorted();
    all['authorization'] = pattern.signer.authorization(
      { method: 'PUT', path, query, headers: all },
      names,
      time,
      credentials,
    );
    return { ...pattern.address, method: 'PUT', path, query, headers: all };
  }
}

/** Its middleware would make a checksum of its own where there is none, of a body that it does not understand. */
async function throughClient<T>(errand: DirectErrand<T>, context: Context, options: SendOptions): Promise<T> {
  const { plan, source, headers, judge } = errand;
  if (plan === undefined || source === undefined)
    return await sendCommand(errand.command(), errand, context, options);
  const digests = await digestsOf(source, plan, context.signal);
  const vouchedFor: Errand<T> = {
    ...(errand.mayAsk && { mayAsk: true }),
    source,
    headers: digestHeaders(headers, digests, context.settings),
    judge: (answer) => judge(answer, digests),
  };
  return await sendCommand(errand.command(), vouchedFor, context, options);
}

/** What all requests to the bucket have in common. */
interface Pattern {
  host: string;
  address: { protocol: string; hostname: string; port?: number };
  /** Where the key begins: empty, or the bucket in path style. */
  basePath: string;
  headers: Record<string, string>;
  signer: Signer;
}

/** The part of the client's middleware context that tells how a request was signed. */
interface MiddlewareContext {
  signing_region?: string;
  signing_service?: string;
  __smithy_context?: { selectedHttpAuthScheme?: { httpAuthOption?: { schemeId?: string } } };
}

/** Undefined when this is no plain request to a plain bucket. */
async function patternOf(
  request: HttpRequest,
  { signing_region: region, signing_service: service, ...context }: MiddlewareContext,
  { key, headers, query }: DirectErrand<unknown>,
  client: S3Client,
): Promise<Pattern | undefined> {
  const scheme = context.__smithy_context?.selectedHttpAuthScheme?.httpAuthOption?.schemeId;
  if (scheme !== 'aws.auth#sigv4' || service !== 's3' || region === undefined) return undefined;
  if (hasForeignMiddleware(client) || hasLogger(client)) return undefined;
  const { protocol, hostname, port, path } = request;
  const end = `/${escapedKey(key)}`;
  const ownQuery = Object.keys(request.query ?? {}).filter((name) => name !== 'x-id');
  const names = Object.keys(request.headers).filter(
    // The client writes its Expect with a capital.
    (name) => !(name in headers) && !OF_EACH_REQUEST.test(name.toLowerCase()),
  );
  const isPlain =
    path.endsWith(end) &&
    ownQuery.every((name) => name in query) &&
    names.every((name) => OF_ALL_REQUESTS.has(name));
  const signer = new Signer(region);
  if (!isPlain || !(await signsAlike(signer, request, client))) return undefined;
  return {
    host: request.headers['host'] ?? hostname,
    address: { protocol, hostname, ...(port !== undefined && { port }) },
    basePath: path.slice(0, -end.length),
    headers: Object.fromEntries(names.map((name) => [name, request.headers[name] as string])),
    signer,
  };
}

/** Whether the client's own signature of a request is what comes of its region and its credentials. */
async function signsAlike(
  signer: Signer,
  { method, path, query = {}, headers }: HttpRequest,
  client: S3Client,
): Promise<boolean> {
  const { authorization = '', 'x-amz-date': time = '' } = headers;
  const signedNames = /SignedHeaders=([^,]*)/.exec(authorization)?.[1]?.split(';') ?? [];
  const credentials = await client.config.credentials();
  const toSign = { method, path, query: query as Record<string, string>, headers };
  return signer.authorization(toSign, signedNames, time, credentials) === authorization;
}

const OF_ALL_REQUESTS = new Set(['host', 'user-agent', 'x-amz-user-agent']);

/** The token comes with the credentials, the checksum with the body. */
const OF_EACH_REQUEST =
  /^(amz-sdk-.*|authorization|content-length|content-md5|content-type|expect|x-amz-(checksum-.*|content-sha256|date|security-token|sdk-checksum-algorithm))$/;

/** Its middleware would not see requests that do not pass through it. */
function hasForeignMiddleware(client: S3Client): boolean {
  plainMiddleware ??= new Set(new S3Client({ region: 'us-east-1' }).middlewareStack.identify());
  return client.middlewareStack.identify().some((name) => !plainMiddleware?.has(name));
}

let plainMiddleware: Set<string> | undefined;

/** It is told of commands, and there would be none. */
const hasLogger = ({ config }: S3Client): boolean => config.logger.constructor?.name !== 'NoOpLogger';

interface RetryStrategy {
  acquireInitialRetryToken(scope: string): Promise<object>;
  recordSuccess(token: object): void;
}

/** Undefined for a strategy of the old kind, which can only be asked by the client itself. */
async function retryStrategyOf(client: S3Client): Promise<RetryStrategy | undefined> {
  const strategy = (await configOf(client).retryStrategy?.()) as Partial<RetryStrategy> | undefined;
  const isKnown = typeof strategy?.acquireInitialRetryToken === 'function';
  return isKnown ? (strategy as RetryStrategy) : undefined;
}

/** What a client has in its configuration, but not all of it in its type. */
interface Config {
  retryStrategy?: () => Promise<unknown>;
  systemClockOffset?: number;
}

const configOf = (client: S3Client): Config => client.config;
