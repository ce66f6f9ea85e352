import { once } from 'node:events';
import net from 'node:net';
import { findEndpoint, type EndpointOptions } from './endpoint.ts';
import type { HealthProbe } from './health-check.ts';

export type TcpCheckOptions = EndpointOptions;

/** Healthy when a connection is accepted. */
export function tcpCheck(options: TcpCheckOptions = {}): HealthProbe {
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
