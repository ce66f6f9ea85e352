import { readDirectoryConfig } from '../config.ts';
import type { Directory } from './directory.ts';
import type { DirectoryOptions } from './options.ts';
import { openPostgresDirectory } from './postgres-directory.ts';
import { openRedisDirectory } from './redis-directory.ts';

/**
 * In Redis when REDIS_URL is given, else in Postgres. Connects with the first call.
 *
 * @throws ConfigError
 */
export function openDirectory(
  env: Readonly<Record<string, string | undefined>>,
  options?: DirectoryOptions,
): Directory {
  const config = readDirectoryConfig(env);
  return 'redisUrl' in config
    ? openRedisDirectory(config.redisUrl, options)
    : openPostgresDirectory(config.databaseUrl, options);
}
