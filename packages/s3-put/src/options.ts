import type { Agent as HttpAgent } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import { S3Client } from '@aws-sdk/client-s3';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import type { ChecksumAlgorithm } from './checksum/algorithm.ts';
import { invalid } from './errors.ts';
import type { PutProgress } from './progress.ts';

export interface S3PutOptions {
  /** The bucket that everything is put into. */
  bucket: string;
  /**
   * Your own client: its credentials, region, endpoint, retry policy and middleware are used; its request handler is not.
   * Without it, one is made from the four options below, and destroyed with the S3Put.
   */
  client?: S3Client;
  /** @default what the SDK finds: `AWS_REGION`, the profile */
  region?: S3ClientConfig['region'];
  /** @default what the SDK finds: environment, profile, container, instance */
  credentials?: S3ClientConfig['credentials'];
  /** @default what the SDK finds: `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, or AWS itself */
  endpoint?: S3ClientConfig['endpoint'];
  /** `https://host/bucket/key` instead of `https://bucket.host/key`. @default false */
  forcePathStyle?: boolean;
  /** Limit for a new connection, name lookup and TLS handshake included. @default 10_000 */
  connectTimeoutMs?: number;
  /** Limit for nothing moving in either direction, waiting for the answer included. @default 60_000 */
  idleTimeoutMs?: number;
  /** Limit for a whole put with all of its attempts. @default 600_000 and a second more for each 256 KiB */
  totalTimeoutMs?: number;
  /** Bodies from this size on ask S3 for permission first (`Expect: 100-continue`), so a refusal costs none of them. @default 1 MiB */
  expectContinueFromBytes?: number;
  /** How long to wait for that permission before the body is sent anyway. A host that let it pass is not asked again. @default 1_000 */
  continueTimeoutMs?: number;
  /** Files from this size on go in parts. A file with a checksum of yours in its headers always goes whole. @default 64 MiB */
  multipartFromBytes?: number;
  /**
   * Size of a part, at least 5 MiB; more where a file would have over 10,000 parts.
   * @default 8 MiB; of a file a 64th, when that is more, up to 32 MiB
   */
  partBytes?: number;
  /** Parts under way at a time; one of a stream is held in memory. @default 4 */
  parallelParts?: number;
  /** Connections at a time; further puts wait for one. @default 50 */
  maxConnections?: number;
  /** Which checksum goes along for S3 to verify and to store. CRC32 is by far the fastest. @default 'CRC32' */
  checksumAlgorithm?: ChecksumAlgorithm;
  /** Send `Content-MD5` as well, for servers that want it. Made in threads; about 1.5 s of CPU a GiB. @default false */
  contentMD5?: boolean;
  /**
   * Compare the ETag with the MD5 of what was sent, where an ETag is one. Costs about 1.5 s of CPU a GiB.
   * @default only when there is nothing else to compare, as the server returned no checksum
   */
  verifyETag?: boolean;
  /**
   * A folder for journals of files that go in parts: after a crash, a kill or a failure that may pass, the same put goes on with
   * the upload that is in the bucket. Made when it is missing.
   */
  journalDirectory?: string;
  /** Limit for all bodies of this S3Put together. @default none */
  maxBytesPerSecond?: number;
  /** Used for all connections in place of an own one: a proxy, private certificates. Closing it is up to you. */
  agent?: HttpAgent | HttpsAgent;
}

export interface PutOptions {
  /** Aborting stops at once, also on the wire. */
  signal?: AbortSignal;
  /** In place of the S3Put's own `totalTimeoutMs`. */
  totalTimeoutMs?: number;
  /** Called whenever one of the counts has changed. */
  onProgress?: (progress: PutProgress) => void;
}

export interface Settings {
  readonly bucket: string;
  readonly client: S3Client;
  readonly ownsClient: boolean;
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly totalTimeoutMs: number | undefined;
  readonly expectContinueFromBytes: number;
  readonly continueTimeoutMs: number;
  readonly multipartFromBytes: number;
  readonly partBytes: number;
  /** The same as `partBytes`, when that was given. */
  readonly mostPartBytes: number;
  readonly parallelParts: number;
  readonly maxConnections: number;
  readonly checksumAlgorithm: ChecksumAlgorithm;
  readonly contentMD5: boolean;
  readonly verifyETag: boolean | undefined;
  readonly journalDirectory: string | undefined;
  readonly maxBytesPerSecond: number | undefined;
  readonly agent: HttpAgent | HttpsAgent | undefined;
}

/** @throws {S3PutError} EINVALID */
export function settingsOf(options: S3PutOptions): Settings {
  refuseUnknown('option', options, OPTION_NAMES);
  const { bucket, client, checksumAlgorithm = 'CRC32', journalDirectory, maxBytesPerSecond } = options;
  if (!isText(bucket)) throw expected('bucket', 'a non-empty string', bucket);
  if (!ALGORITHMS.includes(checksumAlgorithm))
    throw expected('checksumAlgorithm', `one of ${ALGORITHMS.join(', ')}`, checksumAlgorithm);
  if (journalDirectory !== undefined && !isText(journalDirectory))
    throw expected('journalDirectory', 'a path', journalDirectory);
  const settings = {
    bucket,
    ownsClient: client === undefined,
    connectTimeoutMs: duration('connectTimeoutMs', options.connectTimeoutMs ?? 10_000),
    idleTimeoutMs: duration('idleTimeoutMs', options.idleTimeoutMs ?? 60_000),
    totalTimeoutMs:
      options.totalTimeoutMs === undefined ? undefined : duration('totalTimeoutMs', options.totalTimeoutMs),
    expectContinueFromBytes: count('expectContinueFromBytes', options.expectContinueFromBytes ?? MiB, 0),
    continueTimeoutMs: duration('continueTimeoutMs', options.continueTimeoutMs ?? 1000),
    multipartFromBytes: count('multipartFromBytes', options.multipartFromBytes ?? 64 * MiB, 1),
    partBytes: count('partBytes', options.partBytes ?? 8 * MiB, 5 * MiB),
    mostPartBytes: options.partBytes ?? 32 * MiB,
    parallelParts: count('parallelParts', options.parallelParts ?? 4, 1),
    maxConnections: count('maxConnections', options.maxConnections ?? 50, 1),
    checksumAlgorithm,
    contentMD5: flag('contentMD5', options.contentMD5) ?? false,
    verifyETag: flag('verifyETag', options.verifyETag),
    journalDirectory,
    maxBytesPerSecond:
      maxBytesPerSecond === undefined ? undefined : count('maxBytesPerSecond', maxBytesPerSecond, 1024),
    agent: options.agent,
  };
  return { ...settings, client: client === undefined ? ownClient(options) : usersClient(client, options) };
}

/** @throws {S3PutError} EINVALID */
export function putSettingsOf(options: PutOptions, settings: Settings): PutOptions {
  refuseUnknown('option', options, ['signal', 'totalTimeoutMs', 'onProgress']);
  const { signal, totalTimeoutMs = settings.totalTimeoutMs, onProgress } = options;
  if (onProgress !== undefined && typeof onProgress !== 'function')
    throw expected('onProgress', 'a function', onProgress);
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw expected('signal', 'an AbortSignal', signal);
  return {
    signal,
    onProgress,
    totalTimeoutMs: totalTimeoutMs === undefined ? undefined : duration('totalTimeoutMs', totalTimeoutMs),
  };
}

const MiB = 1024 * 1024;

const CLIENT_OPTION_NAMES = ['region', 'credentials', 'endpoint', 'forcePathStyle'] as const;

const OPTION_NAMES: readonly string[] = [
  ...CLIENT_OPTION_NAMES,
  'bucket',
  'client',
  'connectTimeoutMs',
  'idleTimeoutMs',
  'totalTimeoutMs',
  'expectContinueFromBytes',
  'continueTimeoutMs',
  'multipartFromBytes',
  'partBytes',
  'parallelParts',
  'maxConnections',
  'checksumAlgorithm',
  'contentMD5',
  'verifyETag',
  'journalDirectory',
  'maxBytesPerSecond',
  'agent',
];

const ALGORITHMS: readonly unknown[] = ['CRC32', 'CRC32C', 'SHA256'] satisfies ChecksumAlgorithm[];

function ownClient(options: S3PutOptions): S3Client {
  const given = CLIENT_OPTION_NAMES.filter((name) => options[name] !== undefined);
  return new S3Client(Object.fromEntries(given.map((name) => [name, options[name]])));
}

function usersClient(client: S3Client, options: S3PutOptions): S3Client {
  // Not `instanceof`: an application may hold a second copy of the SDK.
  if (typeof client?.send !== 'function') throw expected('client', 'an S3Client', client);
  const rival = CLIENT_OPTION_NAMES.find((name) => options[name] !== undefined);
  if (rival !== undefined)
    throw invalid(`Expected \`${rival}\` to be set on the \`client\`, as one is given`);
  return client;
}

export function refuseUnknown(what: string, options: object, names: readonly string[]): void {
  if (typeof options !== 'object' || options === null)
    throw invalid(`Expected the options to be an object, got ${show(options)}`);
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown !== undefined) throw invalid(`Unknown ${what} \`${unknown}\`; known are ${names.join(', ')}`);
}

/** setTimeout takes a longer delay as 1 ms. */
export const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

export function duration(name: string, value: number): number {
  if (typeof value !== 'number' || !(value > 0)) throw expected(name, 'a positive number', value);
  if (value > LONGEST_TIMEOUT_MS) throw expected(name, `at most ${LONGEST_TIMEOUT_MS} (24 days)`, value);
  return value;
}

export function flag(name: string, value: boolean | undefined): boolean | undefined {
  if (value !== undefined && typeof value !== 'boolean') throw expected(name, 'a boolean', value);
  return value;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

export function count(name: string, value: number, least: number): number {
  if (!Number.isSafeInteger(value) || value < least)
    throw expected(name, `an integer of at least ${least}`, value);
  return value;
}

export const expected = (name: string, what: string, got: unknown): Error =>
  invalid(`Expected \`${name}\` to be ${what}, got ${show(got)}`);

const show = (value: unknown): string => (typeof value === 'string' ? JSON.stringify(value) : String(value));
