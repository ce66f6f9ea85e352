// What a supervisor or systemd does for recipe A: holds the listening socket, and hands it to one process after the other.
import * as net from 'node:net';
import type { AddressInfo } from 'node:net';

interface BoundHandle {
  fd: number;
  getsockname(out: Partial<AddressInfo>): number;
  close(): void;
}

/** Binds without accepting. Node has no public name for it; what holds a listener in production is another program. */
export function bind(): BoundHandle & { port: number } {
  type Internals = { _createServerHandle(address: string, port: number, family: number): BoundHandle };
  const handle = (net as unknown as Internals)._createServerHandle('127.0.0.1', 0, 4);
  const address: Partial<AddressInfo> = {};
  handle.getsockname(address);
  return Object.assign(handle, { port: address.port ?? 0 });
}
