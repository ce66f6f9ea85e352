import type { IncomingMessage } from 'node:http';

/** Of a request, also of fastify's. */
export type Caller = Pick<IncomingMessage, 'headers'> & {
  readonly socket: Pick<IncomingMessage['socket'], 'remoteAddress'>;
};

/** The other end of a unix socket has no address. */
export function isHere(address: string | undefined): boolean {
  return address === undefined || address === '::1' || /^(?:::ffff:)?127\./i.test(address);
}

/** Asked by a program on this machine, and not by somebody elsewhere through a proxy on this machine. */
export function isDirectlyLocal({ headers, socket }: Caller): boolean {
  if (headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined) return false;
  return isHere(socket.remoteAddress);
}
