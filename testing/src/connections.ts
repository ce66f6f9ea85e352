import { readFileSync } from 'node:fs';

/** The local ports of all IPv4 connections of this machine to a port of it, also of those that have just ended. Linux only. */
export function connectionsTo(port: number): number[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return readFileSync('/proc/self/net/tcp', 'utf8')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , remote]) => remote?.endsWith(`:${wanted}`))
    .map(([, local]) => Number.parseInt(local?.split(':')[1] ?? '', 16));
}
