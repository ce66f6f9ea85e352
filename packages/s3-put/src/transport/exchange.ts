import http from 'node:http';
import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import https from 'node:https';
import { Failure } from '../failure.ts';
import { ANSWER_BYTES } from '../response.ts';
import type { WireAnswer } from '../response.ts';
import type { Source } from '../source/source.ts';
import type { StopSignal } from '../stop-signal.ts';
import { limitConnecting, limitIdling } from './limits.ts';
import { networkFailure } from './network-failure.ts';
import { sendBody } from './send-body.ts';
import type { Meter } from './send-body.ts';

/** A signed request. */
export interface WireRequest {
  secure: boolean;
  hostname: string;
  port: number | undefined;
  method: string;
  path: string;
  headers: Record<string, string>;
}

export interface Terms {
  agent: Agent;
  connectTimeoutMs: number;
  idleTimeoutMs: number;
  /** Whether to wait for `100 Continue`; undefined: the body leaves with the head. */
  asking: { timeoutMs: number; onContinue: () => void; onTimeout: () => void } | undefined;
  /** Its reason is what the exchange fails with. */
  signal: StopSignal;
  meter: Meter;
}

/**
 * One request and its answer.
 *
 *     asking ──100, or its time is over──▶ sending ──body out──▶ sent
 *        │                                    │                   │
 *        └───────────── answer's head ────────┴───────────────────┴──▶ answered ──answer's end──▶ over
 *
 * Every state goes to `over` by an error. When the answer comes before the body is out, the connection cannot be used again:
 * the server would take the next request's bytes for the rest of this body.
 */
export function exchange(request: WireRequest, source: Source, terms: Terms): Promise<WireAnswer> {
  return new Promise((resolve, reject) => {
    const { signal, asking, meter } = terms;
    if (signal.aborted) return reject(signal.reason);
    let state: 'asking' | 'sending' | 'sent' | 'answered' | 'over' = 'asking';
    let continueTimer: NodeJS.Timeout | undefined;
    let isHeldBack = false;
    const outgoing = open(request, source.size, terms);

    const settle = (finish: () => void): void => {
      if (state === 'over') return;
      state = 'over';
      unfollow();
      clearTimeout(continueTimer);
      stopConnectLimit();
      finish();
    };
    const fail = (error: Error): void => {
      settle(() => reject(networkFailure(error)));
      outgoing.destroy();
    };
    const abort = (): void => fail(signal.reason as Error);
    const send = (): void => {
      if (state !== 'asking') return;
      state = 'sending';
      clearTimeout(continueTimer);
      const isOver = (): boolean => state !== 'sending';
      const sent = (): void => {
        if (!isOver()) state = 'sent';
      };
      const onHeldBack = (is: boolean): void => void (isHeldBack = is);
      void sendBody(outgoing, source, { meter, isOver, onHeldBack, signal }).then(sent, fail);
    };
    const waitForContinue = ({ timeoutMs, onTimeout }: NonNullable<Terms['asking']>): void => {
      if (state !== 'asking') return;
      continueTimer = setTimeout(() => {
        onTimeout();
        send();
      }, timeoutMs);
    };
    const receive = (incoming: IncomingMessage): void => {
      const isPremature = !outgoing.writableEnded && (incoming.statusCode ?? 0) < 300;
      state = 'answered';
      clearTimeout(continueTimer);
      const done = (answer: WireAnswer): void => {
        if (!outgoing.writableFinished) outgoing.destroy();
        settle(() => (isPremature ? reject(premature(answer)) : resolve(answer)));
      };
      read(incoming, done, fail);
    };

    const unfollow = signal.follow(abort);
    const stopConnectLimit = limitConnecting(outgoing, request.secure, {
      limitMs: terms.connectTimeoutMs,
      fail,
      onConnected: asking && (() => waitForContinue(asking)),
    });
    limitIdling(outgoing, { limitMs: terms.idleTimeoutMs, fail, isHeldBack: () => isHeldBack });
    outgoing.on('error', fail);
    outgoing.once('response', receive);
    outgoing.once('close', () => {
      // Node gives no other sign of an answer that is none, such as a change of protocols.
      if (state !== 'answered' && state !== 'over') fail(new Error('it was closed without an answer'));
    });
    if (asking === undefined) return send();
    outgoing.on('continue', () => {
      asking.onContinue();
      send();
    });
    return outgoing.flushHeaders();
  });
}

function open(request: WireRequest, bodyBytes: number, { agent, asking }: Terms): ClientRequest {
  // A flat list is written as it is; of an object, Node would make a map of headers first.
  const headers: string[] = [];
  for (const name in request.headers) headers.push(name, request.headers[name] as string);
  // Without a length Node would send even nothing as a chunked body.
  if (request.headers['content-length'] === undefined && !BODILESS.has(request.method))
    headers.push('content-length', String(bodyBytes));
  if (asking !== undefined) headers.push('expect', '100-continue');
  return (request.secure ? https : http).request({
    agent,
    method: request.method,
    hostname: request.hostname,
    port: request.port,
    path: request.path,
    headers,
  });
}

const BODILESS = new Set(['DELETE', 'GET', 'HEAD']);

function read(
  incoming: IncomingMessage,
  then: (answer: WireAnswer) => void,
  fail: (error: Error) => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const done = (): void => {
    const headers: Record<string, string> = {};
    for (const name in incoming.headers) headers[name] = String(incoming.headers[name]);
    const body =
      chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks).subarray(0, ANSWER_BYTES);
    then({ statusCode: incoming.statusCode ?? 0, headers, body });
  };
  incoming.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes < ANSWER_BYTES) return;
    incoming.removeAllListeners('end').destroy();
    done();
  });
  incoming.once('end', done);
  incoming.once('error', fail);
}

const premature = (answer: WireAnswer): Failure =>
  new Failure(
    `somebody answered ${answer.statusCode} before the body was sent: nothing of it can be stored`,
    {
      source: 'proxy',
      code: 'EPROXY',
      retryable: true,
      proxy: { server: answer.headers['server'], contentType: answer.headers['content-type'], excerpt: '' },
      answer,
    },
  );
