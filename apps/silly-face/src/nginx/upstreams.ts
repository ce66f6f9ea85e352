import { format, parse } from 'node:path';
import type { SupervisorOptions } from '@silly-face/supervisor';

/** Whom nginx asks. Addresses are in its own words. */
export interface Upstreams {
  readonly api: readonly string[];
  readonly party: readonly PartyUpstream[];
}

export interface PartyUpstream {
  /** Of the process, such as party-1. */
  readonly name: string;
  readonly address: string;
}

export const API = 'api';

/** As the process table has them. `api`: the numbers of the API processes that there are now. */
export function upstreamsOf(table: SupervisorOptions, api = apiNumbers(table)): Upstreams {
  return {
    api: api.map((number) => `unix:${apiSocket(table, number)}`),
    party: Object.entries(table.sockets ?? {}).flatMap(([socket, { host, port }]) => {
      const name = PARTY_SOCKET.exec(socket)?.[1];
      // A port that the system is to choose is not known before it has.
      return name !== undefined && port ? [{ name, address: `${reached(host)}:${port}` }] : [];
    }),
  };
}

/** The held socket on which a party process, such as party-1, takes WebSockets. */
export function partyWebSocket(name: string): string {
  return `${name}-web-socket`;
}

const PARTY_SOCKET = new RegExp(`^${partyWebSocket(String.raw`(party-\d+)`)}$`);

/** The numbers of the API processes that the table begins with. */
export function apiNumbers(table: SupervisorOptions): number[] {
  return Array.from({ length: apiChild(table).instances ?? 1 }, (_, index) => index + 1);
}

/** The number in a name such as api-2; undefined for other children. */
export function apiNumber(name: string): number | undefined {
  const digits = /^api-(\d+)$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Where the supervisor binds the socket of one of them: with its number in the name. */
export function apiSocket(table: SupervisorOptions, number: number): string {
  const { listen } = apiChild(table);
  if (listen?.path === undefined) throw new Error('Expected the API processes to have sockets of their own');
  const { dir, name, ext } = parse(listen.path);
  return format({ dir, name: `${name}-${number}`, ext });
}

function apiChild(table: SupervisorOptions): NonNullable<SupervisorOptions['children']>[number] {
  const child = table.children?.find(({ name }) => name === API);
  if (!child) throw new Error('Expected the process table to have API processes');
  return child;
}

function reached(host = '127.0.0.1'): string {
  const here = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host;
  return here.includes(':') ? `[${here}]` : here;
}
