import { stat, unlink } from 'node:fs/promises';
import net, { type AddressInfo } from 'node:net';
import { resolve as resolvePath } from 'node:path';
import { getSystemErrorMap } from 'node:util';
import { SupervisorError } from '../errors.ts';
import type { SocketOptions } from '../options/options.ts';
import { listUnixSockets } from '../proc.ts';

/** A socket that is bound here and listened on by children: it stays while they come and go. */
export interface HeldSocket {
  readonly name: string;
  readonly fd: number;
  /** As the system bound it: the port that it chose, or the path. */
  readonly address: AddressInfo | string;
  readonly port: number | undefined;
  close(): void;
}

/** Binds without listening: the first child's `listen` makes the socket accept. Throws `PORT_TAKEN` or `BIND_FAILED`. */
export async function bindSocket(name: string, options: SocketOptions): Promise<HeldSocket> {
  const handle =
    options.path === undefined ? await bindTcp(name, options) : await bindUnix(name, options.path);
  return holdSocket(name, handle, options.path ?? boundAddress(handle));
}

/** A socket that is bound already. */
export function holdSocket(name: string, handle: Handle, address: AddressInfo | string): HeldSocket {
  // As systemd hands sockets down: programs that wait in accept() expect that, and Node.js changes it for itself.
  handle.setBlocking(true);
  return {
    name,
    fd: handle.fd,
    address,
    port: typeof address === 'string' ? undefined : address.port,
    close: () => handle.close(),
  };
}

/** Where a child with these sockets is reached: at its own port, else at that of the first socket. */
export function portOf(
  child: { readonly port?: number | undefined },
  sockets: readonly HeldSocket[],
): number | undefined {
  return child.port ?? sockets.find(({ port }) => port !== undefined)?.port;
}

/** What Node's own cluster module binds with; there is no public way to bind without accepting. */
export interface Handle {
  readonly fd: number;
  getsockname(result: object): number;
  setBlocking(blocking: boolean): number;
  close(): void;
}

type CreateHandle = (address: string | null, port: number, family: number, fd?: number) => Handle | number;

export const { _createServerHandle: createHandle } = net as unknown as { _createServerHandle: CreateHandle };

async function bindTcp(name: string, { host, port = 0 }: SocketOptions): Promise<Handle> {
  const found = host === undefined ? undefined : await findAddress(name, host);
  const handle = createHandle(found?.address ?? null, port, found?.family ?? 4);
  // A port that is taken may show only now: libuv keeps that error for later.
  const errno = typeof handle === 'number' ? handle : handle.getsockname({});
  if (typeof handle === 'number' || errno !== 0) {
    if (typeof handle !== 'number') handle.close();
    throw bindError(name, `${host ?? '*'}:${port}`, errno);
  }
  return handle;
}

async function findAddress(name: string, host: string): Promise<{ address: string; family: number }> {
  try {
    return await process.getBuiltinModule('node:dns/promises').lookup(host);
  } catch (cause) {
    throw new SupervisorError(
      'BIND_FAILED',
      `Cannot bind the socket "${name}": host "${host}" has no address`,
      {
        cause,
      },
    );
  }
}

async function bindUnix(name: string, path: string): Promise<Handle> {
  let handle = createHandle(path, -1, -1);
  if (isTaken(handle) && (await isStale(path))) {
    await unlink(path);
    handle = createHandle(path, -1, -1);
  }
  if (typeof handle === 'number') throw bindError(name, path, handle);
  return handle;
}

/** A socket that its last owner left behind refuses connections. So does any other file, which is not ours to remove. */
async function isStale(path: string): Promise<boolean> {
  if (!(await stat(path)).isSocket() || isBound(path)) return false;
  return new Promise((resolve) => {
    const probe = net.connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
}

/** By a process of this machine. One that somebody else holds refuses connections, too, until a child listens on it. */
function isBound(path: string): boolean {
  const places = new Set([path, resolvePath(path)]);
  return listUnixSockets().some(({ state, path: place }) => state === UNCONNECTED && places.has(place));
}

// Connections that were accepted at a path have it in the table as well, for as long as they last.
const UNCONNECTED = '01';

function isTaken(handle: Handle | number): boolean {
  return typeof handle === 'number' && systemError(handle).code === 'EADDRINUSE';
}

export function boundAddress(handle: Handle): AddressInfo {
  const address = {} as AddressInfo;
  handle.getsockname(address);
  return address;
}

function bindError(name: string, where: string, errno: number): SupervisorError {
  const cause = systemError(errno);
  return cause.code === 'EADDRINUSE'
    ? new SupervisorError(
        'PORT_TAKEN',
        `Cannot bind the socket "${name}": ${where} is taken by another process`,
        { cause },
      )
    : new SupervisorError('BIND_FAILED', `Cannot bind the socket "${name}" to ${where}: ${cause.message}`, {
        cause,
      });
}

function systemError(errno: number): NodeJS.ErrnoException {
  const [code = 'UNKNOWN', text = 'unknown error'] = getSystemErrorMap().get(errno) ?? [];
  return Object.assign(new Error(`${code}: ${text}`), { errno, code, syscall: 'bind' });
}
