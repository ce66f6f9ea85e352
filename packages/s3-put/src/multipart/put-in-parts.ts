import type { Context } from '../client/attempt.ts';
import { Deadline } from '../deadline.ts';
import { failureOf } from '../failure.ts';
import type { Failure } from '../failure.ts';
import type { Stored } from '../put-object.ts';
import { abortUpload } from './abort-upload.ts';
import { completeUpload } from './complete-upload.ts';
import { createUpload } from './create-upload.ts';
import { headersOf } from './headers.ts';
import type { MultipartHeaders } from './headers.ts';
import type { BegunUpload, Journal } from './journal.ts';
import { listParts } from './list-parts.ts';
import type { ListedPart } from './list-parts.ts';
import type { PartFeed } from './part-feed.ts';
import { uploadParts } from './upload-parts.ts';
import type { Upload } from './upload-parts.ts';

export interface ObjectInParts {
  key: string;
  headers: Record<string, string>;
  /** Made when the size of its parts is known: an upload that goes on keeps its own, a new one has none. */
  feed: (partBytes?: number) => PartFeed;
  /** Of a file that may be resumed. */
  journal?: Journal;
}

/**
 * A large object in parts, several at a time. S3's answer to the first request, which carries no body, is also the permission
 * for all that follow, so no part waits for one. When something goes wrong, the upload is taken out of the bucket again, or
 * stays for the next try when there is a journal.
 */
export async function putInParts(object: ObjectInParts, context: Context): Promise<Stored> {
  const task: Task = {
    ...object,
    headersOf: headersOf(object.headers),
    target: { Bucket: context.settings.bucket, Key: object.key },
  };
  const left = await leftUpload(task, context);
  const stored = left && (await carriedOut(task, left, true, context));
  return stored ?? ((await carriedOut(task, await newUpload(task, context), false, context)) as Stored);
}

interface Task extends ObjectInParts {
  headersOf: MultipartHeaders;
  target: Pick<Upload, 'Bucket' | 'Key'>;
}

/** That of an earlier put which can go on. */
async function leftUpload(
  { journal, target, headersOf: { abort } }: Task,
  context: Context,
): Promise<BegunUpload | undefined> {
  const known = await journal?.read();
  if (!known?.isStale) return known?.begun;
  await abortUpload({ ...target, UploadId: known.begun.uploadId }, abort, context);
  return undefined;
}

/**
 * An upload whose id nobody heard could not be taken out of the bucket any more: a put that is aborted meanwhile waits a little for
 * the answer.
 */
async function newUpload({ feed, target, headersOf: headers }: Task, context: Context): Promise<BegunUpload> {
  const { partBytes } = feed();
  const deadline = new Deadline(undefined);
  const unfollow = context.signal.follow(() => deadline.limit(ANSWER_LIMIT_MS));
  try {
    const own = { ...context, signal: deadline.signal };
    const begun = { partBytes, ...(await createUpload(target, headers.create, own)) };
    if (context.signal.aborted)
      await abortUpload({ ...target, UploadId: begun.uploadId }, headers.abort, context);
    return begun;
  } finally {
    unfollow();
    deadline.release();
    context.signal.throwIfAborted();
  }
}

const ANSWER_LIMIT_MS = 5_000;

/** Undefined when an upload that was left is there no more. */
async function carriedOut(
  { feed: feedOf, journal, target, headersOf: headers }: Task,
  begun: BegunUpload,
  wasLeft: boolean,
  context: Context,
): Promise<Stored | undefined> {
  const upload = { ...target, UploadId: begun.uploadId };
  try {
    if (!wasLeft) await journal?.write(begun);
    const listed = wasLeft ? await listParts(upload, headers.part, context) : new Map<number, ListedPart>();
    if (listed === undefined) return undefined;
    const feed = feedOf(begun.partBytes);
    const parts = await uploadParts(
      { upload, headers: headers.part, feed, listed, isFullObject: begun.isFullObject },
      context,
    );
    await feed.assertUnchanged();
    const stored = await completeUpload({ upload, headers, parts, ...begun }, context);
    await journal?.forget();
    return stored;
  } catch (error) {
    throw await givenUp(failureOf(error), upload, headers, journal, context);
  }
}

/** Whether a later put may go on where this one failed; otherwise nothing may be left in the bucket. */
async function givenUp(
  failure: Failure,
  upload: Upload,
  headers: MultipartHeaders,
  journal: Journal | undefined,
  context: Context,
): Promise<Failure> {
  const { details } = failure;
  if (journal !== undefined && (details.retryable || details.code === 'ECLOSED')) {
    details.resumableUploadId = upload.UploadId;
    return failure;
  }
  const isGone = await abortUpload(upload, headers.abort, context);
  if (!isGone) details.uploadId = upload.UploadId;
  await journal?.forget();
  return failure;
}
