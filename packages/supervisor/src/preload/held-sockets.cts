// Loaded into every script that has held sockets, before the script: node --require.
//
// A script that was written without us says `listen(8080)`; when 8080 is held for it, it gets the socket that it inherited. And
// when it listens on one, the supervisor hears of it.
import type { Server as NetServer } from 'node:net';

const FIRST_FD = 3;
const places = (process.env['SUPERVISOR_SOCKETS'] ?? '').split('\n').filter((place) => place !== '');
// What this process starts has none of its sockets. Node.js processes that are forked here load this file as well.
delete process.env['SUPERVISOR_SOCKETS'];

if (places.length > 0) {
  // The convention of systemd: sockets are meant for the process whose id this is.
  process.env['LISTEN_PID'] = String(process.pid);
  const { prototype } = process.getBuiltinModule('node:net').Server;
  const listen = Reflect.get(prototype, 'listen') as (...args: unknown[]) => NetServer;
  prototype.listen = function listenOnHeldSocket(this: NetServer, ...args: unknown[]): NetServer {
    const [where] = args;
    const options: Record<string, unknown> =
      typeof where === 'object' && where !== null ? { ...where } : { port: where, path: where };
    const fd = options['fd'] ?? heldFd(options);
    if (typeof fd !== 'number' || fd < FIRST_FD || fd >= FIRST_FD + places.length)
      return listen.apply(this, args);
    this.once('listening', report);
    // For a descriptor, Node.js looks for it here only.
    const backlog = options['backlog'] ?? args.slice(1).find(isNumber);
    const held = { ...options, port: undefined, path: undefined, fd };
    return listen.call(this, held, backlog, args.findLast(isFunction));
  };
}

function heldFd({ port, path }: Record<string, unknown>): number | undefined {
  const index = places.findIndex((place) => place === String(port ?? path));
  return index === -1 ? undefined : FIRST_FD + index;
}

function report(): void {
  // Without a supervisor there is nobody to tell; the process is about to hear that in another way.
  if (process.connected) process.send?.('listening', undefined, undefined, () => {});
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number';
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}
