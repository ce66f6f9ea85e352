import type { FileHandle } from 'node:fs/promises';
import type { Fault } from './faults/fault.ts';
import { writeXml } from './xml.ts';
import type { XmlTree } from './xml.ts';

/** What an operation has to say. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | FileSlice;
  /** Leaves out the ids that S3 puts into each answer, as somebody on the way would. */
  readonly withoutRequestId?: boolean;
  /** What goes wrong on purpose while the body is sent. */
  readonly fault?: AnswerFault;
}

export type AnswerFault = Pick<
  Fault,
  'delayMs' | 'delayAfterBytes' | 'resetAfterBytes' | 'truncateAfterBytes'
>;

/** Bytes `start` up to and without `end` of a file; whoever sends them closes the handle. */
export interface FileSlice {
  readonly handle: FileHandle;
  readonly start: number;
  readonly end: number;
}

export function xmlAnswer(
  root: string,
  tree: XmlTree,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return {
    status: 200,
    headers: { 'content-type': 'application/xml', ...headers },
    body: writeXml(root, tree),
  };
}

/** S3's times in XML have milliseconds, always `.000`. */
export function xmlTime(timeMs: number): string {
  return new Date(Math.floor(timeMs / 1000) * 1000).toISOString();
}

export function quoted(etag: string): string {
  return `"${etag}"`;
}
