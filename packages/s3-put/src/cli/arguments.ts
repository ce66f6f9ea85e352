import { parseArgs } from 'node:util';
import type { ChecksumAlgorithm } from '../checksum/algorithm.ts';
import { headersToSend } from '../headers.ts';
import { assertKey } from '../key.ts';
import type { S3PutOptions } from '../options.ts';
import { bytesIn } from './quantity.ts';
import { UsageError } from './usage.ts';

export interface Arguments {
  bucket: string;
  /** Where to: a folder when it is empty or ends in a slash. */
  key: string;
  /** `-` alone is stdin. */
  filePaths: string[];
  recursive: boolean;
  headers: Record<string, string>;
  parallel: number | undefined;
  progress: boolean | undefined;
  quiet: boolean;
  json: boolean;
  /** For the S3Put. */
  s3Put: Partial<S3PutOptions>;
}

/**
 * Undefined when help is asked for.
 * @throws {UsageError | S3PutError}
 */
export function argumentsOf(args: readonly string[]): Arguments | undefined {
  const { values, positionals } = parse(args);
  if (values.help) return undefined;
  const target = positionals.at(-1);
  const filePaths = positionals.slice(0, -1);
  if (target === undefined || filePaths.length === 0)
    throw new UsageError('Expected at least one file and a target');
  const [, bucket, key = ''] = /^s3:\/\/([^/]+)(?:\/(.*))?$/s.exec(target) ?? [];
  if (bucket === undefined)
    throw new UsageError(`Expected the target to look like s3://bucket/key, got ${target}`);
  if (filePaths.length > 1 && !isFolder(key)) {
    throw new UsageError(
      `Expected a target that ends in a slash for ${filePaths.length} files, got ${target}`,
    );
  }
  if (filePaths.includes('-') && (filePaths.length > 1 || isFolder(key)))
    throw new UsageError(`Expected - to be the only file, and to have a key of its own, got ${target}`);
  const headers = Object.fromEntries((values.header ?? []).map(headerOf));
  // Said once, and not of each file.
  headersToSend(headers, key);
  if (!isFolder(key)) assertKey(key);
  return {
    bucket,
    key,
    filePaths,
    recursive: values.recursive ?? false,
    headers,
    parallel: values.parallel === undefined ? undefined : numberOf('parallel', values.parallel),
    progress: values.progress,
    quiet: values.quiet ?? false,
    json: values.json ?? false,
    s3Put: s3PutOptionsOf(values),
  };
}

function s3PutOptionsOf(values: ReturnType<typeof parse>['values']): Partial<S3PutOptions> {
  const { region, endpoint, checksum, bandwidth, resume } = values;
  return {
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    ...(values['path-style'] && { forcePathStyle: true }),
    ...(checksum !== undefined && { checksumAlgorithm: algorithmOf(checksum) }),
    ...(values['content-md5'] && { contentMD5: true }),
    ...(bandwidth !== undefined && { maxBytesPerSecond: bandwidthOf(bandwidth) }),
    ...(resume !== undefined && { journalDirectory: resume }),
  };
}

function algorithmOf(text: string): ChecksumAlgorithm {
  const algorithm = (['CRC32', 'CRC32C', 'SHA256'] as const).find((known) => known === text.toUpperCase());
  if (algorithm === undefined)
    throw new UsageError(`Expected --checksum to be crc32, crc32c or sha256, got ${text}`);
  return algorithm;
}

function bandwidthOf(text: string): number {
  const bytes = bytesIn(text);
  if (bytes === undefined || bytes < 1024)
    throw new UsageError(`Expected --bandwidth to be at least 1K, such as 500K or 10M, got ${text}`);
  return bytes;
}

export const isFolder = (key: string): boolean => key === '' || key.endsWith('/');

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      allowNegative: true,
      options: {
        header: { type: 'string', short: 'H', multiple: true },
        recursive: { type: 'boolean', short: 'r' },
        parallel: { type: 'string' },
        checksum: { type: 'string' },
        'content-md5': { type: 'boolean' },
        bandwidth: { type: 'string' },
        resume: { type: 'string' },
        region: { type: 'string' },
        endpoint: { type: 'string' },
        'path-style': { type: 'boolean' },
        progress: { type: 'boolean' },
        quiet: { type: 'boolean', short: 'q' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

function numberOf(name: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new UsageError(`Expected --${name} to be a number of at least 1, got ${text}`);
  return Number(text);
}

function headerOf(text: string): [string, string] {
  const [, name, value] = /^([^:\s]+):\s*(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new UsageError(`Expected a header like 'name: value', got ${JSON.stringify(text)}`);
  }
  return [name, value];
}
