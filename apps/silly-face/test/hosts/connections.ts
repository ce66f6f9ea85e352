import { readFileSync } from 'node:fs';

/** Connections from the network of this process to such a port, anywhere, as far as it knows. */
export function connectionsOf(pid: number, port: number): number {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readFileSync(`/proc/${pid}/net/tcp`, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , remote = '', state]) => state === ESTABLISHED && remote.endsWith(wanted)).length;
}

const ESTABLISHED = '01';
