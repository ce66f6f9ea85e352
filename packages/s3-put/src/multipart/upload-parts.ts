import { UploadPartCommand } from '@aws-sdk/client-s3';
import { digestHeaders, digestPlan, md5ToCompare } from '../body.ts';
import { isQuick } from '../checksum/digests.ts';
import type { BodyDigests, DigestPlan } from '../checksum/digests.ts';
import type { Context } from '../client/attempt.ts';
import { Failure } from '../failure.ts';
import { notFromS3 } from '../response.ts';
import { digestsOf } from '../source/source.ts';
import { StopSignal } from '../stop-signal.ts';
import { verify } from '../verify.ts';
import { isSamePart } from './list-parts.ts';
import type { ListedPart } from './list-parts.ts';
import type { FedPart, PartFeed } from './part-feed.ts';

/** A part as S3 has it. */
export interface Part {
  number: number;
  bytes: number;
  etag: string;
  checksum: Buffer | undefined;
}

export interface Upload {
  Bucket: string;
  Key: string;
  UploadId: string;
}

export interface PartsToUpload {
  upload: Upload;
  headers: Record<string, string>;
  feed: PartFeed;
  /** What an earlier process has left there, by number. */
  listed: ReadonlyMap<number, ListedPart>;
  /** Whether S3 will compare one checksum of the whole at the end. */
  isFullObject: boolean;
}

interface BegunPart {
  fed: FedPart;
  /** Its digests, unless they are made as it goes out. */
  before: BodyDigests | undefined;
}

/** All parts, in order. The first failure ends the others at once, and is thrown when they have ended. */
export async function uploadParts(parts: PartsToUpload, context: Context): Promise<Part[]> {
  const { feed, listed } = parts;
  const { settings, signal, onAcknowledged } = context;
  const plan = planFor(listed, context);
  signal.throwIfAborted();
  const stop = new StopSignal();
  const unfollow = signal.follow(() => stop.abort(signal.reason as Error));
  const own = { ...context, signal: stop };
  const done: Part[] = [];
  const begin = async (): Promise<BegunPart | undefined> => {
    if (stop.aborted) return undefined;
    const fed = await feed.next(stop);
    if (fed === undefined || mayWait(fed, parts, plan, own)) return fed && { fed, before: undefined };
    return { fed, before: await digestsOf(fed.source, plan, stop) };
  };
  const finish = async ({ fed, before }: BegunPart): Promise<void> => {
    const kept = before && keptPart(fed, before, listed);
    done[fed.number - 1] =
      kept ?? (await (before ? uploadPart(fed, before, parts, own) : uploadAtOnce(fed, plan, parts, own)));
    onAcknowledged(fed.source.size, kept !== undefined);
    await fed.source.close(true);
  };
  const ahead = feed.partCount !== undefined && plan.md5 ? AHEAD : 0;
  const work = async (): Promise<void> => {
    const begun: Promise<BegunPart | undefined>[] = [];
    try {
      for (;;) {
        while (begun.length <= ahead) begun.push(quietly(begin()));
        const part = await begun.shift();
        if (part === undefined || stop.aborted) break;
        await finish(part);
      }
    } catch (error) {
      stop.abort(ECHO);
      throw error;
    } finally {
      await Promise.allSettled(begun);
    }
  };
  const lanes = Math.min(settings.parallelParts, feed.partCount ?? Infinity);
  const workers = Array.from({ length: lanes }, work);
  const outcomes = await Promise.allSettled(workers);
  unfollow();
  signal.throwIfAborted();
  const failed = outcomes
    .filter((outcome) => outcome.status === 'rejected')
    .map(({ reason }) => reason as Error);
  const cause = failed.find((error) => error !== ECHO);
  if (cause !== undefined) throw cause;
  return done;
}

/** Its failure counts only when its turn comes. */
function quietly<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/** To recognise a part that is there without a checksum, its MD5 is needed. */
function planFor(listed: PartsToUpload['listed'], { settings }: Context): DigestPlan {
  const plan = digestPlan(settings, false);
  const needsMd5 = Array.from(listed.values()).some(({ checksum }) => checksum === undefined);
  return { ...plan, md5: plan.md5 || needsMd5 };
}

/**
 * Whether the digests may be made as the part goes out, so that it is read once. S3 then compares the checksum of the whole at
 * the end, and we what it says of each part.
 */
const mayWait = (
  { number, source }: FedPart,
  { isFullObject, listed }: PartsToUpload,
  plan: DigestPlan,
  { way }: Context,
): boolean =>
  isFullObject &&
  way.takesPartsWithoutChecksum &&
  isQuick(plan) &&
  source.content === undefined &&
  !listed.has(number);

function keptPart(
  { number, source }: FedPart,
  digests: BodyDigests,
  listed: PartsToUpload['listed'],
): Part | undefined {
  const there = listed.get(number);
  if (there === undefined || !isSamePart(there, source.size, digests)) return undefined;
  return { number, bytes: source.size, etag: there.etag, checksum: digests.checksum };
}

/** Hashed as it goes out. A server that wants each part's checksum beforehand after all gets it, then and from then on. */
async function uploadAtOnce(
  fed: FedPart,
  plan: DigestPlan,
  parts: PartsToUpload,
  context: Context,
): Promise<Part> {
  try {
    return await uploadPart(fed, plan, parts, context);
  } catch (error) {
    if (!isAboutChecksum(error)) throw error;
    context.way.takesPartsWithoutChecksum = false;
    return await uploadPart(fed, await digestsOf(fed.source, plan, context.signal), parts, context);
  }
}

const isAboutChecksum = (error: unknown): boolean =>
  error instanceof Failure &&
  error.details.answer?.statusCode === 400 &&
  ['InvalidArgument', 'InvalidRequest'].includes(error.details.s3?.code ?? '');

/** With its digests, or with the plan by which they are made on the way. */
async function uploadPart(
  { number, source }: FedPart,
  digestsOrPlan: BodyDigests | DigestPlan,
  { upload, headers: given }: PartsToUpload,
  context: Context,
): Promise<Part> {
  const { settings, signal, way } = context;
  const plan = 'algorithm' in digestsOrPlan ? digestsOrPlan : undefined;
  const before = 'algorithm' in digestsOrPlan ? NO_DIGESTS : digestsOrPlan;
  return await way.send(
    {
      key: upload.Key,
      query: { partNumber: String(number), uploadId: upload.UploadId },
      headers: digestHeaders(given, before, settings),
      source,
      ...(plan && { plan }),
      command: () =>
        new UploadPartCommand({
          ...upload,
          PartNumber: number,
          ContentLength: source.size,
          Body: source as never,
        }),
      judge: async (answer, made) => {
        const { etag } = answer.headers;
        if (etag === undefined) throw notFromS3(answer, 'an ETag');
        const digests = made ?? before;
        await verify(answer, {
          bucket: upload.Bucket,
          headers: digestHeaders(given, digests, settings),
          md5: md5ToCompare(source, digests, settings, signal),
          // S3 could not refuse what it was not told the checksum of; the next attempt takes its place.
          isRepeatable: plan !== undefined,
        });
        return { number, bytes: source.size, etag, checksum: digests.checksum };
      },
    },
    context,
  );
}

const NO_DIGESTS: BodyDigests = { checksum: undefined, md5: undefined };

/** So many parts of a file are hashed in threads while one goes out: those of a stream would have to wait in memory. */
const AHEAD = 1;

const ECHO = new Failure('another part failed', { source: 'caller', code: 'EABORTED', isEcho: true });
