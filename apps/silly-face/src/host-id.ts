import { hostname } from 'node:os';

/** This machine among those that share a directory: HOST_ID, else its name. */
export function hostId(env: Readonly<Record<string, string | undefined>>): string {
  return env['HOST_ID'] || hostname();
}
