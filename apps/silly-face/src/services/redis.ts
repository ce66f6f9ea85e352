import { readDirectoryConfig } from '../config.ts';
import type { Service } from './service.ts';

/** REDIS_URL, else none: then the directory of the party is in Postgres. */
export function redisServices(environment: NodeJS.ProcessEnv): Service[] {
  if (!environment.REDIS_URL) return [];
  readDirectoryConfig(environment); // The processes inherit what this has found right.
  return [{ description: 'Redis from REDIS_URL', environment: {}, children: [], sockets: {} }];
}
