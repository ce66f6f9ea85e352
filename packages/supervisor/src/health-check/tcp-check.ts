import { once } from 'node:events';
import net from 'node:net';
import { checkKeys } from '../options/rules.ts';
import { tcpCheckRules } from './check-rules.ts';
import { findEndpoint, type EndpointOptions } from './endpoint.ts';
import type { HealthProbe } from './health-check.ts';

/** Where to connect. */
export type TcpCheckOptions = EndpointOptions;

/**
 * Healthy when a connection is accepted.
 * @throws SupervisorError `INVALID_OPTION`
 */
export function tcpCheck(options: TcpCheckOptions = {}): HealthProbe {
  checkKeys(options, 'tcpCheck', tcpCheckRules);
  return tcpProbe(options);
}

/** The same when the options have been checked. */
export function tcpProbe(options: TcpCheckOptions): HealthProbe {
  return {
    async probe(target, signal) {
      const socket = net.connect(findEndpoint(options, target));
      try {
        await once(socket, 'connect', { signal });
      } finally {
        socket.destroy();
      }
    },
  };
}
