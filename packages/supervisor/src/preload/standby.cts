// Loaded into a spare, after held-sockets and before the script: node --require.
//
// The script starts as always, up to its `listen`: that is kept until the supervisor says `go`. Until then the server is not
// `listening`, calls nobody back, and `address()` already tells where it will be. Ports that the system chooses are not kept.
import type { AddressInfo, Server as NetServer } from 'node:net';

type Address = AddressInfo | string;

const FIRST_FD = 3;
const held = JSON.parse(process.env['SUPERVISOR_STANDBY'] ?? '[]') as Address[];
// What this process starts is no spare.
delete process.env['SUPERVISOR_STANDBY'];

if (held.length > 0) {
  const { prototype } = process.getBuiltinModule('node:net').Server;
  const listen = Reflect.get(prototype, 'listen') as (...args: unknown[]) => NetServer;
  const close = Reflect.get(prototype, 'close');
  const address = Reflect.get(prototype, 'address');
  const kept = new Map<NetServer, { address: Address; listen: () => void }>();
  let isStandingBy = true;

  prototype.listen = function listenWhenTold(this: NetServer, ...args: unknown[]): NetServer {
    const place = isStandingBy ? placeOf(args[0], args[1]) : undefined;
    if (place === undefined) return listen.apply(this, args);
    if (kept.has(this)) throw alreadyListening();
    kept.set(this, { address: place, listen: () => listen.apply(this, args) });
    if (kept.size === 1) waitForGo();
    return this;
  };
  // A shutdown while it waits: nothing is open, so the close succeeds, and nothing keeps the process any longer.
  prototype.close = function closeWhileWaiting(this: NetServer, callback?: Callback): NetServer {
    if (!kept.delete(this)) return close.call(this, callback);
    if (callback) this.once('close', () => callback());
    if (kept.size === 0) process.off('message', stay);
    return close.call(this);
  };
  prototype.address = function addressToBe(this: NetServer): Address | null {
    return kept.get(this)?.address ?? address.call(this);
  };

  const go = (): void => {
    isStandingBy = false;
    process.off('message', stay);
    const waiting = [...kept.values()];
    kept.clear();
    for (const server of waiting) server.listen();
    // A supervisor that does not hear this takes another process.
    process.send?.('going', undefined, undefined, () => {});
  };
  // Not by a listener: the script's own would hear of it as well, and take it for a message to them.
  const emit = Reflect.get(process, 'emit') as (...args: unknown[]) => boolean;
  Reflect.set(process, 'emit', function emitAllButGo(this: NodeJS.Process, ...args: unknown[]): boolean {
    if (!isStandingBy || args[0] !== 'message' || args[1] !== 'go') return emit.apply(this, args);
    go();
    return true;
  });
  // Messages come as long as somebody listens. That also keeps the process, which has nothing to do yet, from ending.
  const stay = (): void => {};
  const waitForGo = (): void => {
    process.off('message', stay).on('message', stay);
    if (kept.size > 0) process.send?.('standby', undefined, undefined, () => {});
  };
  waitForGo();
}

type Callback = (error?: Error) => void;

/** Where that `listen` would be, if it is a place that somebody else may have at the moment. */
function placeOf(where: unknown, host: unknown): Address | undefined {
  const options: Record<string, unknown> =
    typeof where === 'object' && where !== null
      ? (where as Record<string, unknown>)
      : { port: where, path: where, host };
  const { fd, port, path } = options;
  if (typeof fd === 'number') return held[fd - FIRST_FD];
  const same = held.find((one) => String(typeof one === 'string' ? one : one.port) === String(port ?? path));
  if (same !== undefined) return same;
  if (Number(port) > 0) return addressOf(Number(port), options['host']);
  return typeof path === 'string' && Number.isNaN(Number(path)) ? path : undefined;
}

function addressOf(port: number, host: unknown): AddressInfo {
  const address = typeof host === 'string' ? host : '::';
  return { address, family: address.includes(':') ? 'IPv6' : 'IPv4', port };
}

function alreadyListening(): Error {
  const message = 'Listen method has been called more than once without closing.';
  return Object.assign(new Error(message), { code: 'ERR_SERVER_ALREADY_LISTEN' });
}
