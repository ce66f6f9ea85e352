import { parse, format } from 'node:path';
import type { SocketOptions } from '../options/options.ts';
import { invalidOption } from '../options/rules.ts';

/** A socket that is to be held: what it is called, and where it is bound. */
export interface SocketPlan {
  readonly name: string;
  /** The same for two plans that mean the same socket: it stays open when a reload goes from one to the other. */
  readonly key: string;
  readonly options: SocketOptions;
}

/** `where`: the option, for the messages. Throws `INVALID_OPTION`. */
export function planSocket(name: string, options: SocketOptions, where: string): SocketPlan {
  const { port, host, path } = options;
  if ((port === undefined) === (path === undefined)) {
    throw invalidOption(`Expected ${where} to have either \`port\` or \`path\``);
  }
  if (path !== undefined && host !== undefined) {
    throw invalidOption(`Expected ${where} to have no \`host\` beside its \`path\``);
  }
  if (path !== undefined) return { name, key: `unix ${path}`, options: { path } };
  // A port that the system chooses belongs to the name that it was chosen for.
  const key = `tcp ${host ?? '*'}:${port === 0 ? `0 ${name}` : port}`;
  return { name, key, options: { port, host } };
}

/** The socket of one instance: the next port, or its number in the path. Without an `index` there is only one. */
export function planOwnSocket(
  name: string,
  options: SocketOptions,
  where: string,
  index: number | undefined,
): SocketPlan {
  const { port, path, host } = options;
  const own: SocketOptions = { host };
  if (port !== undefined) own.port = port === 0 ? 0 : port + (index ?? 0);
  if (path !== undefined) own.path = index === undefined ? path : numberPath(path, index + 1);
  return planSocket(name, own, where);
}

function numberPath(path: string, number: number): string {
  const { dir, name, ext } = parse(path);
  return format({ dir, name: `${name}-${number}`, ext });
}

/** Throws `INVALID_OPTION` when two sockets have the same name, or the same place. */
export function refuseSameSockets(plans: readonly SocketPlan[]): void {
  const names = new Set<string>();
  const places = new Map<string, string>();
  for (const { name, key } of plans) {
    if (names.has(name)) throw invalidOption(`Expected socket names to be unique, got "${name}" twice`);
    names.add(name);
    const other = places.get(key);
    if (other !== undefined) {
      const place = key.slice(key.indexOf(' ') + 1);
      throw invalidOption(
        `Expected each socket to have a place of its own, got ${place} for "${other}" and "${name}"`,
      );
    }
    places.set(key, name);
  }
}
