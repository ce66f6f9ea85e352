export { createS3Local } from './s3-local.ts';
export { S3LocalError } from './errors.ts';
export type { S3LocalErrorCode } from './errors.ts';
export type { Fault, Redirect } from './faults/fault.ts';
export type { Faults } from './faults/fault-queue.ts';
export type { S3LocalCredentials, S3LocalOptions } from './options.ts';
export type { S3Local } from './s3-local.ts';
