import * as net from 'node:net';
import type { AddressInfo } from 'node:net';

export interface HeldListener {
  readonly fd: number;
  readonly port: number;
  close(): void;
}

interface BoundHandle {
  readonly fd: number;
  getsockname(out: Partial<AddressInfo>): number;
  close(): void;
}

/** Binds without accepting, for those who inherit it. Node has no public name for it; in production another program holds it. */
export function holdListener(): HeldListener {
  const internals = net as unknown as {
    _createServerHandle(address: string, port: number, family: number): BoundHandle | number;
  };
  const handle = internals._createServerHandle('127.0.0.1', 0, 4);
  if (typeof handle === 'number') throw new Error(`Bind a port of 127.0.0.1: error ${handle}`);
  const address: Partial<AddressInfo> = {};
  handle.getsockname(address);
  return { fd: handle.fd, port: address.port as number, close: () => handle.close() };
}
