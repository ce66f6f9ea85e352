import type { ChildOptions, SupervisorOptions } from '@silly-face/supervisor';
import { fixture } from './observe.ts';

/** A script that prints TOLD and its arguments, and then serves. */
export const told = { script: fixture('told.mjs'), readiness: 'message' } as const;

export const sleeper = { command: 'sleep', args: ['600'] };

/** One such child, `api`, behind a held socket. */
export function serving(child: Partial<ChildOptions>): SupervisorOptions {
  return {
    sockets: { api: { port: 0, host: '127.0.0.1' } },
    children: [{ name: 'api', ...told, sockets: ['api'], ...child }],
  };
}
