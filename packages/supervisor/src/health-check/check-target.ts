import { portOf, type HeldSocket } from '../listener/held-socket.ts';
import type { ChildSettings } from '../options/settings.ts';
import type { CheckTarget } from './health-check.ts';

/** Where to check a child that has these sockets. */
export function checkTarget(child: ChildSettings, sockets: readonly HeldSocket[]): CheckTarget {
  return {
    child: child.name,
    port: portOf(child, sockets),
    address: (wanted) => sockets.find((socket) => wanted === undefined || socket.name === wanted)?.address,
  };
}
