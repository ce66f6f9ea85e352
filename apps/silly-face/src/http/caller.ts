import type { FastifyRequest } from 'fastify';

/** The other end of a unix socket has no address. */
export function isHere(address: string | undefined): boolean {
  return address === undefined || address === '::1' || /^(?:::ffff:)?127\./i.test(address);
}

/** Asked by a program on this machine, and not by somebody elsewhere through a proxy on this machine. */
export function isDirectlyLocal({ headers, socket }: FastifyRequest): boolean {
  if (headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined) return false;
  return isHere(socket.remoteAddress);
}
