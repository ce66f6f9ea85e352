import type { CheckTarget } from './health-check.ts';
import type { HeldSocket } from '../listener/held-socket.ts';
import type { ChildSettings } from '../options/settings.ts';

/** Where to check a child that has these sockets. */
export function checkTarget({ name, port }: ChildSettings, sockets: readonly HeldSocket[]): CheckTarget {
  return {
    child: name,
    port: port ?? sockets.find((socket) => socket.port !== undefined)?.port,
    address: (wanted) => sockets.find((socket) => wanted === undefined || socket.name === wanted)?.address,
  };
}
