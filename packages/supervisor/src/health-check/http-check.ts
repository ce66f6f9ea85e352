import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import { findEndpoint, type EndpointOptions } from './endpoint.ts';
import type { HealthProbe } from './health-check.ts';

export interface HttpCheckOptions extends EndpointOptions {
  /** What to GET. @default '/' */
  path?: string;
  headers?: Readonly<Record<string, string>>;
}

/** Healthy when a GET is answered with a status from 200 to 299, to the end. */
export function httpCheck(options: HttpCheckOptions = {}): HealthProbe {
  return {
    async probe(target, signal) {
      const endpoint = findEndpoint(options, target);
      const where = 'path' in endpoint ? { socketPath: endpoint.path } : endpoint;
      const path = options.path ?? '/';
      const request = http.get({ ...where, path, headers: options.headers, agent: false, signal });
      const [response] = (await once(request, 'response', { signal })) as [IncomingMessage];
      response.resume();
      await once(response, 'end', { signal });
      const { statusCode = 0 } = response;
      if (statusCode < 200 || statusCode > 299)
        throw new Error(`GET ${path} was answered with ${statusCode}`);
    },
  };
}
