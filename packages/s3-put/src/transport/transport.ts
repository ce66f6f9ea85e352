import http from 'node:http';
import type { Agent } from 'node:http';
import https from 'node:https';
import { DEFAULT_CIPHERS } from 'node:tls';
import type { Settings } from '../options.ts';
import type { WireAnswer } from '../response.ts';
import type { Source } from '../source/source.ts';
import type { StopSignal } from '../stop-signal.ts';
import { escaped } from '../escaped.ts';
import { ContinueHabits } from './continue-habits.ts';
import { exchange } from './exchange.ts';
import type { Meter } from './send-body.ts';

/** The part of the SDK's HttpRequest that matters here. */
export interface HttpRequest {
  protocol: string;
  hostname: string;
  port?: number;
  method: string;
  path: string;
  query?: Record<string, string | string[] | null>;
  headers: Record<string, string>;
  body?: unknown;
}

export interface Sending {
  signal: StopSignal;
  /** False when S3 has already agreed to what this is a part of. */
  mayAsk: boolean;
  meter: Meter;
}

/** The connections of one S3Put, and what is known about their hosts. */
export class Transport {
  readonly #settings: Settings;
  readonly #habits: ContinueHabits;
  readonly #agents: Record<'http:' | 'https:', Agent>;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#habits = new ContinueHabits(settings.expectContinueFromBytes);
    const agentOptions = { keepAlive: true, maxSockets: settings.maxConnections };
    this.#agents = {
      'http:': new http.Agent(agentOptions),
      'https:': new https.Agent({ ...agentOptions, ciphers: CIPHERS }),
    };
  }

  async send(request: HttpRequest, source: Source, sending: Sending): Promise<WireAnswer> {
    const host = `${request.hostname}:${request.port ?? request.protocol}`;
    const asks = sending.mayAsk && this.#habits.asks(host, source.size);
    const answer = await this.#exchange(request, source, sending, asks ? host : undefined);
    if (!asks || answer.statusCode !== EXPECTATION_FAILED) return answer;
    // A proxy that knows no Expect. Nothing of the body was sent, so this is still the same attempt.
    this.#habits.letPass(host);
    return await this.#exchange(request, source, sending, undefined);
  }

  async #exchange(
    request: HttpRequest,
    source: Source,
    { signal, meter }: Sending,
    askedHost: string | undefined,
  ): Promise<WireAnswer> {
    const { agent, connectTimeoutMs, idleTimeoutMs, continueTimeoutMs } = this.#settings;
    const secure = request.protocol === 'https:';
    const wireRequest = {
      secure,
      // Node wants an IPv6 address without the brackets of its URL.
      hostname: request.hostname.replaceAll(/[[\]]/g, ''),
      port: request.port,
      method: request.method,
      path: request.path + queryString(request.query),
      headers: withoutExpect(request.headers),
    };
    return await exchange(wireRequest, source, {
      agent: agent ?? this.#agents[secure ? 'https:' : 'http:'],
      connectTimeoutMs,
      idleTimeoutMs,
      signal,
      meter,
      asking:
        askedHost === undefined
          ? undefined
          : {
              timeoutMs: continueTimeoutMs,
              onContinue: () => this.#habits.answered(askedHost),
              onTimeout: () => this.#habits.letPass(askedHost),
            },
    });
  }

  /** Ends the own connections; those of a given agent are not ours. */
  destroy(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }
}

/** The SDK's own Expect would make Node hold the body back for as long as its request handler says, and we are not that. */
function withoutExpect(headers: Record<string, string>): Record<string, string> {
  if (!('expect' in headers) && !('Expect' in headers)) return headers;
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'expect'));
}

export function queryString(query: HttpRequest['query'] = {}): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    [value].flat().map((one) => `${escaped(name)}=${escaped(one ?? '')}`),
  );
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

const EXPECTATION_FAILED = 417;

/** Node's own, with the cheapest of its TLS 1.3 suites first; it is also what S3 would choose. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  ...DEFAULT_CIPHERS.split(':').filter((name) => name !== 'TLS_AES_128_GCM_SHA256'),
].join(':');
