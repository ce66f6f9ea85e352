export { S3Put } from './s3-put.ts';
export type { PutAnswer } from './answer.ts';
export type { ChecksumAlgorithm } from './checksum/algorithm.ts';
export type { PutCallback } from './callback-form.ts';
export type { PutHeaders } from './headers.ts';
export type { PutManyOptions } from './many/options.ts';
export type {
  DirectoryFile,
  DirectoryItem,
  PutDirectoryOptions,
  PutDirectorySummary,
  SkippedEntry,
} from './many/put-directory.ts';
export type {
  ManyProgress,
  PutFailure,
  PutItem,
  PutManySummary,
  PutResult,
  StoppedBy,
} from './many/summary.ts';
export type { SkipReason } from './many/walk.ts';
export type { PutOptions, S3PutOptions } from './options.ts';
export type { PresignedPut, PresignOptions } from './presign.ts';
export type { PutProgress } from './progress.ts';
export type { ByteStream } from './source/chunk-reader.ts';
export type { Verified } from './verify.ts';
export { S3PutError } from './errors.ts';
export type { FailedAttempt, ProxyAnswer, S3PutErrorCode, S3PutErrorSource, S3Refusal } from './errors.ts';
