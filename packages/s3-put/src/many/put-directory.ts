import type { S3PutError, S3PutErrorCode } from '../errors.ts';
import { errorOf, Failure } from '../failure.ts';
import type { PutHeaders } from '../headers.ts';
import { expected, refuseUnknown } from '../options.ts';
import type { Settings } from '../options.ts';
import type { S3Put } from '../s3-put.ts';
import { assertFunction, MANY_OPTION_NAMES, manySettingsOf } from './options.ts';
import type { PutManyOptions } from './options.ts';
import { summaryOf } from './put-many.ts';
import { runTasks } from './run-tasks.ts';
import type { Task } from './run-tasks.ts';
import type { PutManySummary } from './summary.ts';
import { walk } from './walk.ts';
import type { SkipReason } from './walk.ts';

/** A file in the directory, and where it goes. */
export interface DirectoryFile {
  filePath: string;
  /** From the directory on, with `/` on every system. */
  path: string;
  key: string;
}

/** One that failed can be given to `putMany` as it is. */
export interface DirectoryItem extends DirectoryFile {
  headers?: PutHeaders;
}

export interface PutDirectoryOptions extends PutManyOptions<DirectoryItem> {
  /** The headers of every file, or what makes them for each. @default those that `put` has by itself */
  headers?: PutHeaders | ((file: DirectoryFile) => PutHeaders | undefined);
  /** Whether to store a file. @default all, hidden ones included */
  filter?: (file: DirectoryFile) => boolean;
  /** Whether to look into a directory below. @default into all */
  enterDirectory?: (directory: { filePath: string; path: string }) => boolean;
}

/** What was left out because it has no content to store. */
export interface SkippedEntry extends DirectoryFile {
  reason: SkipReason;
}

export interface PutDirectorySummary extends PutManySummary<DirectoryItem> {
  skipped: SkippedEntry[];
}

/** @throws {S3PutError} EINVALID, or that of the directory itself */
export async function putDirectory(
  s3Put: S3Put,
  directory: string,
  prefix: string,
  options: PutDirectoryOptions,
  settings: Settings,
): Promise<PutDirectorySummary> {
  const startedAt = performance.now();
  refuseUnknown('option', options, DIRECTORY_OPTION_NAMES);
  const { headers: _, filter, enterDirectory, ...manyOptions } = options;
  if (typeof directory !== 'string' || directory === '')
    throw expected('directory', 'a non-empty string', directory);
  if (typeof prefix !== 'string') throw expected('prefix', 'a string', prefix);
  assertFunction('filter', filter);
  assertFunction('enterDirectory', enterDirectory);
  const manySettings = manySettingsOf(manyOptions, settings);
  const skipped: SkippedEntry[] = [];
  const tasks = tasksIn(directory, prefix, options, { s3Put, bucket: settings.bucket, skipped });
  const outcome = await runTasks(tasks, manySettings);
  return { ...summaryOf(outcome, [], startedAt), skipped };
}

const DIRECTORY_OPTION_NAMES = [...MANY_OPTION_NAMES, 'headers', 'filter', 'enterDirectory'];

/** @throws {S3PutError} when the directory itself cannot be read; one below it is a task that fails */
async function* tasksIn(
  directory: string,
  prefix: string,
  { headers, filter, enterDirectory }: PutDirectoryOptions,
  { s3Put, bucket, skipped }: { s3Put: S3Put; bucket: string; skipped: SkippedEntry[] },
): AsyncGenerator<Task<DirectoryItem>, void, void> {
  const folder = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
  for await (const found of walk(directory, enterDirectory)) {
    const { filePath, path } = found;
    const file = { filePath, path, key: folder + path };
    if (found.kind === 'skipped') {
      skipped.push({ ...file, reason: found.reason });
    } else if (found.kind === 'unreadable') {
      const error = unreadable(file, bucket, found.cause);
      if (path === '') throw error;
      yield { item: file, put: () => Promise.reject(error) };
    } else if (filter === undefined || filter(file)) {
      const own = typeof headers === 'function' ? headers(file) : headers;
      const item = own === undefined ? file : { ...file, headers: own };
      yield { item, put: (each) => s3Put.put(filePath, item.key, own ?? {}, each) };
    }
  }
}

function unreadable(
  { filePath, key }: DirectoryFile,
  bucket: string,
  cause: NodeJS.ErrnoException,
): S3PutError {
  const code = CODES.get(cause.code ?? '') ?? 'EFILEREAD';
  const failure = new Failure(cause.message, { source: 'file', code, cause });
  return errorOf(failure, { operation: 'PutDirectory', bucket, key, filePath }, []);
}

const CODES = new Map<string, S3PutErrorCode>([
  ['ENOENT', 'EFILENOTFOUND'],
  ['EACCES', 'EFILEACCESS'],
  ['EPERM', 'EFILEACCESS'],
  ['ENOTDIR', 'EFILETYPE'],
]);
