import { closeSync, constants, fstatSync, open, read, stat } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import type { S3PutErrorCode } from '../errors.ts';
import { Failure } from '../failure.ts';

// Descriptors and callbacks: what node:fs/promises puts around them costs as much as the calls, for a small file.

/** @throws {Failure} EFILENOTFOUND, EFILEACCESS, EFILETYPE, EFILEREAD */
export const openToRead = (path: string): Promise<number> =>
  new Promise((resolve, reject) => {
    // Without O_NONBLOCK, opening a FIFO would hold a thread of the pool until somebody writes to it.
    open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0), (cause, descriptor) => {
      if (cause === null) return resolve(descriptor);
      const code = OPEN_CODES.get(cause.code ?? '') ?? 'EFILEREAD';
      return reject(new Failure(cause.message, { source: 'file', code, cause }));
    });
  });

const OPEN_CODES = new Map<string, S3PutErrorCode>([
  ['ENOENT', 'EFILENOTFOUND'],
  ['ENOTDIR', 'EFILENOTFOUND'],
  ['EACCES', 'EFILEACCESS'],
  ['EPERM', 'EFILEACCESS'],
  // Windows says so of a directory, POSIX of a socket.
  ['EISDIR', 'EFILETYPE'],
  ['ENXIO', 'EFILETYPE'],
]);

/**
 * Of a descriptor that is open. At once, as is closing it: both only touch what the system has in memory, and the way through
 * the thread pool would cost ten times as much.
 *
 * @throws {Failure} EFILEREAD
 */
export function statDescriptor(descriptor: number): BigIntStats {
  try {
    return fstatSync(descriptor, { bigint: true });
  } catch (cause) {
    throw unreadable('looking at it', cause as Error);
  }
}

/** Undefined when nothing is there, or may be seen. */
export const statPath = (path: string): Promise<BigIntStats | undefined> =>
  new Promise((resolve) => {
    stat(path, { bigint: true }, (error, stats) => resolve(error === null ? stats : undefined));
  });

/** @throws {Failure} EFILEREAD */
export const readOnce = (
  descriptor: number,
  space: Uint8Array,
  offset: number,
  length: number,
  position: number,
): Promise<number> =>
  new Promise((resolve, reject) => {
    read(descriptor, space, offset, length, position, (cause, bytesRead) => {
      if (cause === null) resolve(bytesRead);
      else reject(unreadable(`reading it at byte ${position}`, cause));
    });
  });

export function closeDescriptor(descriptor: number): void {
  closeSync(descriptor);
}

export const unreadable = (what: string, cause: Error): Failure =>
  new Failure(`${what} failed: ${cause.message}`, { source: 'file', code: 'EFILEREAD', cause });
