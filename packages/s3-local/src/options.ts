import { S3LocalError } from './errors.ts';
import { isBucketName } from './store/bucket-name.ts';

/** The one key pair that may sign requests. */
export interface S3LocalCredentials {
  accessKeyId: string;
  secretAccessKey: string;
}

/** Everything `createS3Local` can be told; read and validated once, when it is called. */
export interface S3LocalOptions {
  /** The folder that holds buckets, objects and unfinished uploads. It is made when it is missing. */
  directory: string;

  /** The key pair that every request has to be signed with. There is no anonymous access. */
  credentials: S3LocalCredentials;

  /**
   * The address to listen on. Anything but loopback shows the server to your network.
   * @default '127.0.0.1'
   */
  host?: string;

  /**
   * The port to listen on; 0 takes a free one.
   * @default 0
   */
  port?: number;

  /** An inherited descriptor that listens already, such as 3 under `LISTEN_FDS`; instead of `host` and `port`. */
  fd?: number;

  /**
   * The region that signatures have to name.
   * @default 'us-east-1'
   */
  region?: string;

  /**
   * Host names, without a port, below which a bucket may stand in front, as in `photos.s3.test` for `s3.test`. They
   * have to lead to the server. `localhost` is always one.
   * @default []
   */
  domains?: readonly string[];

  /**
   * Buckets that exist once the server has started; those that exist already keep their objects.
   * @default []
   */
  buckets?: readonly string[];

  /**
   * How far the clock of a signature may be from ours, in milliseconds. S3 allows 15 minutes.
   * @default 900_000
   */
  maxClockSkewMs?: number;

  /**
   * After how many milliseconds without a byte a body is given up with `RequestTimeout`, and a connection closed.
   * @default 60_000
   */
  idleTimeoutMs?: number;

  /**
   * Told about each failure that a client only sees as `InternalError`: a full disk, a damaged file.
   * @default prints the error to stderr
   */
  onError?: (error: Error) => void;
}

/** The options after validation, with every default in its place. */
export interface Settings {
  readonly directory: string;
  readonly credentials: Readonly<S3LocalCredentials>;
  readonly listen: { readonly fd: number } | { readonly host: string; readonly port: number };
  readonly region: string;
  /** In lower case, the longer ones first: one may end in another. */
  readonly domains: readonly string[];
  readonly buckets: readonly string[];
  readonly maxClockSkewMs: number;
  readonly idleTimeoutMs: number;
  readonly onError: (error: Error) => void;
}

const known = new Set<string>([
  'directory',
  'credentials',
  'host',
  'port',
  'fd',
  'region',
  'domains',
  'buckets',
  'maxClockSkewMs',
  'idleTimeoutMs',
  'onError',
] satisfies (keyof S3LocalOptions)[]);

export function validateOptions(options: S3LocalOptions): Settings {
  expectThat(typeof options === 'object' && options !== null, 'options', 'an object', options);
  for (const name of Object.keys(options)) {
    if (!known.has(name)) throw new S3LocalError('EINVALIDOPTION', `Unknown option \`${name}\``);
  }
  const { directory, credentials, fd, region = 'us-east-1', domains = [], buckets = [] } = options;
  const { maxClockSkewMs = 900_000, idleTimeoutMs = 60_000, onError = printError } = options;

  expectThat(isText(directory), 'directory', 'a non-empty string', directory);
  expectThat(
    typeof credentials === 'object' && credentials !== null,
    'credentials',
    'an object',
    credentials,
  );
  const { accessKeyId, secretAccessKey } = credentials;
  const isKeyId = isText(accessKeyId) && !/[/,\s]/.test(accessKeyId);
  expectThat(
    isKeyId,
    'credentials.accessKeyId',
    'a non-empty string without slash, comma or space',
    accessKeyId,
  );
  // The secret itself never goes into a message.
  expectThat(
    isText(secretAccessKey),
    'credentials.secretAccessKey',
    'a non-empty string',
    typeof secretAccessKey,
  );
  expectThat(isText(region), 'region', 'a non-empty string', region);
  expectThat(Array.isArray(domains), 'domains', 'an array of host names', domains);
  for (const domain of domains)
    expectThat(isHostName(domain), 'domains', 'host names without a port', domain);
  expectThat(Array.isArray(buckets), 'buckets', 'an array of bucket names', buckets);
  for (const bucket of buckets) expectThat(isBucketName(bucket), 'buckets', 'valid bucket names', bucket);
  expectThat(isDuration(maxClockSkewMs), 'maxClockSkewMs', 'a positive number', maxClockSkewMs);
  expectThat(isDuration(idleTimeoutMs), 'idleTimeoutMs', 'a positive number', idleTimeoutMs);
  expectThat(typeof onError === 'function', 'onError', 'a function', onError);

  return {
    directory,
    credentials: { accessKeyId, secretAccessKey },
    listen: fd === undefined ? address(options) : inherited(fd, options),
    region,
    domains: ['localhost', ...domains.map((domain) => domain.toLowerCase())].toSorted(
      (a, b) => b.length - a.length,
    ),
    buckets: [...buckets],
    maxClockSkewMs,
    idleTimeoutMs,
    onError,
  };
}

function address({ host = '127.0.0.1', port = 0 }: S3LocalOptions): { host: string; port: number } {
  expectThat(isText(host), 'host', 'a non-empty string', host);
  expectThat(isIntegerUpTo(port, 65_535), 'port', 'an integer from 0 to 65535', port);
  return { host, port };
}

function inherited(fd: number, { host, port }: S3LocalOptions): { fd: number } {
  expectThat(isIntegerUpTo(fd, Number.MAX_SAFE_INTEGER), 'fd', 'a file descriptor', fd);
  expectThat(host === undefined && port === undefined, 'fd', 'to come without `host` and `port`', fd);
  return { fd };
}

function expectThat(holds: boolean, name: string, expected: string, got: unknown): asserts holds {
  if (holds) return;
  const to = expected.startsWith('to ') ? expected : `to be ${expected}`;
  throw new S3LocalError('EINVALIDOPTION', `Expected \`${name}\` ${to}, got ${shown(got)}`);
}

function shown(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isHostName(value: unknown): value is string {
  return typeof value === 'string' && /^[a-z\d-]+(?:\.[a-z\d-]+)*$/i.test(value);
}

function isIntegerUpTo(value: unknown, limit: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= limit;
}

function isDuration(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}

function printError(error: Error): void {
  console.error(error);
}
