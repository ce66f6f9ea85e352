import { readlinkSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import {
  boundAddress,
  createHandle,
  holdSocket,
  type Handle,
  type HeldSocket,
} from '../listener/held-socket.ts';
import type { SocketPlan } from '../listener/socket-plan.ts';
import type { SocketOptions } from '../options/options.ts';
import { listUnixSockets } from '../proc.ts';
import { warn } from '../warning.ts';

/**
 * Takes over what systemd's socket activation (sd_listen_fds) opened for this process: a plan whose name is in LISTEN_FDNAMES, or
 * whose port or path one of them has, gets that one and is not bound. So it outlives us. Closed, it waits for the next who wants
 * it.
 */
export async function takeInherited(plans: readonly SocketPlan[]): Promise<ReadonlyMap<string, HeldSocket>> {
  left ??= listInherited();
  const taken = new Map<string, HeldSocket>();
  for (const isRight of [hasNameAndPlace, hasName, hasPlace]) {
    for (const { name, options } of plans) {
      if (taken.has(name)) continue;
      for (const socket of left) {
        // A name that somebody here has is meant for nobody else.
        if (isRight === hasPlace && plans.some((plan) => plan.name === socket.name)) continue;
        if (!(await isRight(socket, name, options)) || !left.includes(socket)) continue;
        left = left.filter((other) => other !== socket);
        const giveBack = (): void => void (left = [...(left ?? []), socket]);
        taken.set(name, { ...holdSocket(name, socket.handle, socket.address), close: giveBack });
        break;
      }
    }
  }
  return taken;
}

/** Connections to a socket that nobody takes over wait for ever: somebody should know. */
export function warnOfUnused(): void {
  for (const { fd, name, address } of left ?? []) {
    if (warned.has(fd)) continue;
    warned.add(fd);
    const where = typeof address === 'string' ? address : `${address.address} port ${address.port}`;
    warn(
      UNUSED,
      `The inherited socket "${name}" (descriptor ${fd}, ${where}) is not used: no socket of the options is like it`,
    );
  }
}

let left: readonly InheritedSocket[] | undefined;

interface InheritedSocket {
  readonly fd: number;
  readonly name: string;
  readonly handle: Handle;
  readonly address: AddressInfo | string;
}

const FIRST_FD = 3;

function listInherited(): InheritedSocket[] {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES = '' } = process.env;
  // They may be meant for whoever started us, whose environment we have.
  if (LISTEN_PID !== String(process.pid)) return [];
  const names = LISTEN_FDNAMES.split(':');
  return Array.from({ length: Number(LISTEN_FDS) || 0 }, (_, index) => {
    const fd = FIRST_FD + index;
    const name = names[index] || 'unknown';
    const handle = createHandle(null, 0, 4, fd);
    if (typeof handle === 'number') {
      warn(UNUSED, `Descriptor ${fd} ("${name}") of LISTEN_FDS is not used: it is no stream socket`);
      return [];
    }
    return [{ fd, name, handle, address: unixPath(fd) ?? boundAddress(handle) }];
  }).flat();
}

/** Node.js does not tell where a unix socket is bound. */
function unixPath(fd: number): string | undefined {
  const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1];
  return listUnixSockets().find((socket) => socket.inode === inode)?.path;
}

async function hasNameAndPlace(
  socket: InheritedSocket,
  name: string,
  options: SocketOptions,
): Promise<boolean> {
  return hasName(socket, name) && (await hasPlace(socket, name, options));
}

/** Without a FileDescriptorName, systemd takes the name of the unit. */
function hasName(socket: InheritedSocket, name: string): boolean {
  return socket.name === name || socket.name === `${name}.socket`;
}

async function hasPlace(
  { address }: InheritedSocket,
  _name: string,
  { port, host, path }: SocketOptions,
): Promise<boolean> {
  if (typeof address === 'string') return address === path;
  if (address.port !== port) return false;
  if (host === undefined) return address.address === '::' || address.address === '0.0.0.0';
  // One without an address is reported when it is bound.
  const { lookup } = process.getBuiltinModule('node:dns/promises');
  return lookup(host, { all: true }).then(
    (found) => found.some((candidate) => candidate.address === address.address),
    () => false,
  );
}

const UNUSED = 'SUPERVISOR_UNUSED_SOCKET';
const warned = new Set<number>();
