import type { FastifyRequest } from 'fastify';

export function isLoopback(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\./i.test(address);
}

/** Asked by a program on this machine, and not by somebody elsewhere through a proxy on this machine. */
export function isDirectlyLocal({ headers, socket }: FastifyRequest): boolean {
  if (headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined) return false;
  return isLoopback(socket.remoteAddress ?? '');
}
