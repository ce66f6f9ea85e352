import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { hostId } from './host-id.ts';

/** What a process of the backend is told from outside, read once at its start. */
export interface ApiConfig {
  readonly databaseUrl: string;
  readonly s3: S3Config;
  readonly http: HttpConfig;
  /** Where to listen: a socket that somebody else holds, or a port of its own. */
  readonly listen: Listen;
  /** A second socket that somebody else holds, for the metrics of this process alone. */
  readonly metricsListen: Listen | undefined;
  /** Uploads wait here until they are stored. */
  readonly uploadDirectory: string | undefined;
}

export type Listen = { readonly fd: number } | { readonly port: number; readonly host: string };

export interface HttpConfig {
  readonly logLevel: LogLevel;
  readonly trustProxy: TrustProxy;
  readonly limits: RateLimits;
  /** Opens the metrics to whoever has it, from wherever. */
  readonly metricsToken: string | undefined;
}

/** The addresses and networks of the proxies that tell the truth about who asks; undefined for none. */
export type TrustProxy = string[] | undefined;

/** Requests in a minute; 0 for any number. */
export interface RateLimits {
  readonly addressPerMinute: number;
  readonly playerPerMinute: number;
  readonly credentialsPerMinute: number;
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
    http: readHttpConfig(env),
    ...readApiSockets(env),
    uploadDirectory: env.UPLOAD_DIRECTORY || undefined,
  };
}

/** @throws {ConfigError} */
export function readHttpConfig(env: Environment): HttpConfig {
  return {
    logLevel: oneOf(env, 'LOG_LEVEL', LOG_LEVELS, 'info'),
    trustProxy: readTrustProxy(env.TRUST_PROXY),
    limits: {
      addressPerMinute: count(env, 'RATE_LIMIT_ADDRESS', 6000),
      playerPerMinute: count(env, 'RATE_LIMIT_PLAYER', 1200),
      credentialsPerMinute: count(env, 'RATE_LIMIT_CREDENTIALS', 60),
    },
    metricsToken: readMetricsToken(env.METRICS_TOKEN),
  };
}

/** Not `true`, which would believe whatever a client says of itself. */
function readTrustProxy(given: string | undefined): TrustProxy {
  if (!given) return undefined;
  const proxies = given.split(',').map((proxy) => proxy.trim());
  const wrong = proxies.find((proxy) => !PROXY.test(proxy) && !isNetwork(proxy));
  if (wrong !== undefined)
    throw new ConfigError(
      `Expected TRUST_PROXY to be addresses and networks of proxies, such as loopback or 10.0.0.0/8, got ${given}`,
    );
  return proxies;
}

const PROXY = /^(?:loopback|linklocal|uniquelocal)$/;

function isNetwork(text: string): boolean {
  const [address = '', bits = '0', ...more] = text.split('/');
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return more.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= most;
}

function readMetricsToken(token: string | undefined): string | undefined {
  if (!token) return undefined;
  if (/^[\w-]{16,100}$/.test(token)) return token;
  throw new ConfigError('Expected METRICS_TOKEN to be 16 to 100 letters, digits, _ or -');
}

/** @throws {ConfigError} */
export function readDatabaseUrl(env: Environment): string {
  return url(env, 'DATABASE_URL', ['postgres:', 'postgresql:']);
}

/**
 * How long the migrations wait for a database that is away or busy, in milliseconds.
 *
 * @throws {ConfigError}
 */
export function readMigratePatience(env: Environment): number {
  return count(env, 'MIGRATE_PATIENCE_MS', 60_000);
}

/** Where the directory of the party is: in Redis where there is one, else in Postgres. */
export type DirectoryConfig = { readonly redisUrl: string } | { readonly databaseUrl: string };

/** @throws {ConfigError} */
export function readDirectoryConfig(env: Environment): DirectoryConfig {
  if (env['REDIS_URL']) return { redisUrl: url(env, 'REDIS_URL', ['redis:', 'rediss:']) };
  return { databaseUrl: readDatabaseUrl(env) };
}

/** What one party process is told. */
export interface PartyConfig {
  /** Its child's, such as `party-1`. */
  readonly name: string;
  /** Of the machine, among all that share the directory. */
  readonly hostId: string;
  /** Of the supervisor that started it, which says the same to all of its processes, and another with each start. */
  readonly run: string | undefined;
  readonly tcp: Listen;
  readonly webSocket: Listen;
  /** How clients reach it; what is undefined follows from where it listens. */
  readonly advertised: {
    readonly host: string;
    readonly port: number | undefined;
    readonly webSocketUrl: string | undefined;
  };
  readonly logLevel: LogLevel;
  /** Opens the metrics to whoever has it, from wherever. */
  readonly metricsToken: string | undefined;
}

/** @throws {ConfigError} */
export function readPartyConfig(env: Environment): PartyConfig {
  const host = env.PARTY_HOST || '127.0.0.1';
  const isHeld = handedSockets(env, [2]) > 0;
  const listen = (fd: number, name: string): Listen => (isHeld ? { fd } : { port: port(env, name), host });
  return {
    name: env.PARTY_NAME || 'party',
    hostId: hostId(env),
    run: env.PARTY_RUN || undefined,
    tcp: listen(3, 'PARTY_PORT'),
    webSocket: listen(4, 'PARTY_WEB_SOCKET_PORT'),
    advertised: {
      host: env.PARTY_ADVERTISED_HOST || (isWildcard(host) ? hostname() : host),
      port: env.PARTY_ADVERTISED_PORT ? port(env, 'PARTY_ADVERTISED_PORT') : undefined,
      webSocketUrl: env.PARTY_WEB_SOCKET_URL ? url(env, 'PARTY_WEB_SOCKET_URL', ['ws:', 'wss:']) : undefined,
    },
    logLevel: oneOf(env, 'LOG_LEVEL', LOG_LEVELS, 'info'),
    metricsToken: readMetricsToken(env.METRICS_TOKEN),
  };
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
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

function readApiSockets(env: Environment): Pick<ApiConfig, 'listen' | 'metricsListen'> {
  const held = handedSockets(env, [1, 2]);
  return {
    listen: held > 0 ? { fd: 3 } : { port: port(env, 'PORT'), host: env.HOST || '127.0.0.1' },
    metricsListen: held > 1 ? { fd: 4 } : undefined,
  };
}

/**
 * LISTEN_FDS as systemd defines it: so many inherited sockets, from descriptor 3 on. LISTEN_PID, where it is set, must be this
 * process.
 */
function handedSockets(env: Environment, expected: readonly number[]): number {
  const { LISTEN_FDS: count, LISTEN_PID: pid } = env;
  if (!count || (pid && pid !== String(process.pid))) return 0;
  if (expected.includes(Number(count))) return Number(count);
  throw new ConfigError(`Expected LISTEN_FDS to be ${expected.join(' or ')}, got ${count}`);
}

function port(env: Environment, name: string): number {
  const value = Number(required(env, name));
  if (Number.isInteger(value) && value >= 0 && value <= 65_535) return value;
  throw new ConfigError(`Expected ${name} to be a port number, got ${env[name]}`);
}

function count(env: Environment, name: string, fallback: number): number {
  const value = env[name] ? Number(env[name]) : fallback;
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new ConfigError(`Expected ${name} to be an integer from 0, got ${env[name]}`);
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
