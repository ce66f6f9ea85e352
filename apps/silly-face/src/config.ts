/** What a process of the backend is told from outside, read once at its start. */
export interface ApiConfig {
  readonly databaseUrl: string;
  readonly s3: S3Config;
  /** Where to listen: a socket that somebody else holds, or a port of its own. */
  readonly listen: { readonly fd: number } | { readonly port: number; readonly host: string };
  readonly logLevel: LogLevel;
  /** Uploads wait here until they are stored. */
  readonly uploadDirectory: string | undefined;
}

export interface S3Config {
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export class ConfigError extends Error {
  static {
    this.prototype.name = 'ConfigError';
  }

  readonly code = 'invalid-config';
}

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws {ConfigError} naming the variable, and what was expected of it. */
export function readApiConfig(env: Environment): ApiConfig {
  return {
    databaseUrl: readDatabaseUrl(env),
    s3: readS3Config(env),
    listen: readListen(env),
    logLevel: oneOf(env, 'LOG_LEVEL', LOG_LEVELS, 'info'),
    uploadDirectory: env.UPLOAD_DIRECTORY || undefined,
  };
}

/** @throws {ConfigError} */
export function readDatabaseUrl(env: Environment): string {
  return url(env, 'DATABASE_URL', ['postgres:', 'postgresql:']);
}

/** Where the directory of the party is: in Redis where there is one, else in Postgres. */
export type DirectoryConfig = { readonly redisUrl: string } | { readonly databaseUrl: string };

/** @throws {ConfigError} */
export function readDirectoryConfig(env: Environment): DirectoryConfig {
  if (env['REDIS_URL']) return { redisUrl: url(env, 'REDIS_URL', ['redis:', 'rediss:']) };
  return { databaseUrl: readDatabaseUrl(env) };
}

/**
 * Without S3_ENDPOINT it is Amazon's own.
 *
 * @throws {ConfigError}
 */
export function readS3Config(env: Environment): S3Config {
  return {
    endpoint: env['S3_ENDPOINT'] ? url(env, 'S3_ENDPOINT', ['http:', 'https:']) : undefined,
    region: required(env, 'S3_REGION'),
    bucket: required(env, 'S3_BUCKET'),
    accessKeyId: required(env, 'S3_ACCESS_KEY_ID'),
    secretAccessKey: required(env, 'S3_SECRET_ACCESS_KEY'),
  };
}

/** LISTEN_FDS as systemd defines it: inherited sockets begin at descriptor 3. LISTEN_PID, where it is set, must be this process. */
function readListen(env: Environment): ApiConfig['listen'] {
  const count = env.LISTEN_FDS;
  const pid = env.LISTEN_PID;
  if (count && (!pid || pid === String(process.pid))) {
    if (count !== '1') throw new ConfigError(`Expected LISTEN_FDS to be 1, got ${count}`);
    return { fd: 3 };
  }
  const port = Number(required(env, 'PORT'));
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new ConfigError(`Expected PORT to be a port number, got ${env.PORT}`);
  return { port, host: env.HOST || '127.0.0.1' };
}

function required(env: Environment, name: string): string {
  const value = env[name];
  if (!value) throw new ConfigError(`Expected the environment variable ${name}, and it is not set`);
  return value;
}

function url(env: Environment, name: string, protocols: string[]): string {
  const value = required(env, name);
  // The value is not repeated: it may hold a password.
  if (!URL.canParse(value) || !protocols.includes(new URL(value).protocol))
    throw new ConfigError(`Expected ${name} to be a URL that begins with ${protocols.join(' or ')}`);
  return value;
}

function oneOf<Value extends string>(
  env: Environment,
  name: string,
  values: readonly Value[],
  fallback: Value,
): Value {
  const given = env[name] || fallback;
  const value = values.find((each) => each === given);
  if (value === undefined)
    throw new ConfigError(`Expected ${name} to be one of ${values.join(', ')}, got ${given}`);
  return value;
}
