import type { IncomingMessage, RequestOptions } from 'node:http';
import { checkKeys } from '../options/rules.ts';
import { httpCheckRules } from './check-rules.ts';
import { findEndpoint, type EndpointOptions } from './endpoint.ts';
import { meets, quote, type TextExpectation } from './expectation.ts';
import type { HealthProbe } from './health-check.ts';

/** Where to GET what, and what has to come back. */
export interface HttpCheckOptions extends EndpointOptions {
  /** What to GET. @default '/' */
  path?: string;
  /** A `Host` of your own is sent as it is. */
  headers?: Readonly<Record<string, string>>;
  /** The status of a healthy child: one, or from the first to the last. Redirects are not followed. @default [200, 299] */
  status?: number | readonly [from: number, to: number];
  /** What the body has to be; a string is enough when it is contained. @default anything */
  body?: TextExpectation;
  /** A body to be looked at must not be longer. @default 1_048_576 */
  maxBodyBytes?: number;
  /** Speak HTTPS; the server's certificate is asked for as `servername`. @default false */
  tls?: boolean;
  /** @default the `host` */
  servername?: string;
  /** `false` takes any certificate, as one for another name. @default true */
  rejectUnauthorized?: boolean;
}

/**
 * Healthy when a GET is answered to the end, with a status from 200 to 299.
 * @throws SupervisorError `INVALID_OPTION`
 */
export function httpCheck(options: HttpCheckOptions = {}): HealthProbe {
  checkKeys(options, 'httpCheck', httpCheckRules);
  return httpProbe(options);
}

/** The same when the options have been checked. */
export function httpProbe(options: HttpCheckOptions): HealthProbe {
  const { path = '/', headers, servername, rejectUnauthorized, tls = false } = options;
  return {
    async probe(target, signal) {
      const endpoint = findEndpoint(options, target);
      const where = 'path' in endpoint ? { socketPath: endpoint.path } : endpoint;
      const secure = tls && { rejectUnauthorized, ...(servername !== undefined && { servername }) };
      const request = { ...where, ...secure, path, headers, agent: false as const, signal };
      await get(tls ? 'node:https' : 'node:http', request, (response) => judge(response, options));
    },
  };
}

/** The request's errors are heard to the end: it may fail once more when it is given up. */
async function get(
  protocol: 'node:http' | 'node:https',
  options: RequestOptions,
  onResponse: (response: IncomingMessage) => Promise<void>,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    // Not imported: its three megabytes are for those who have such checks.
    const request = process.getBuiltinModule(protocol).get(options, (response) => {
      onResponse(response)
        .then(resolve, reject)
        .finally(() => request.destroy());
    });
    request.on('error', reject);
  });
}

async function judge(response: IncomingMessage, options: HttpCheckOptions): Promise<void> {
  const { path = '/', status = [200, 299], body, maxBodyBytes = 1_048_576 } = options;
  const [from, to] = typeof status === 'number' ? [status, status] : status;
  const text = await readBody(response, body === undefined ? 0 : maxBodyBytes, body !== undefined);
  const { statusCode = 0 } = response;
  if (statusCode < from || statusCode > to) throw new Error(`GET ${path} was answered with ${statusCode}`);
  if (body !== undefined && !meets(text, body, 'contained')) {
    throw new Error(`GET ${path} was answered with an unexpected body: ${quote(text)}`);
  }
}

/** To the end in any case: an answer that breaks off is none. */
async function readBody(response: IncomingMessage, maxBytes: number, isWanted: boolean): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    if (!isWanted) continue;
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error(`the body is longer than ${maxBytes} bytes`);
  }
  return Buffer.concat(chunks).toString();
}
