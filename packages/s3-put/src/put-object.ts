import { PutObjectCommand } from '@aws-sdk/client-s3';
import { digestHeaders, digestPlan, md5ToCompare } from './body.ts';
import { checksumAmong } from './checksum/headers.ts';
import type { Context } from './client/attempt.ts';
import { lookForObject, mayBeOurs } from './lost-answer.ts';
import { notFromS3 } from './response.ts';
import type { WireAnswer } from './response.ts';
import { digestsOf } from './source/source.ts';
import type { Source } from './source/source.ts';
import { verify } from './verify.ts';
import type { Verified } from './verify.ts';

/** An object that is in the bucket now. */
export interface Stored {
  /** The answer that said so. */
  answer: WireAnswer;
  etag: string;
  checksum: string;
  verified: Verified;
}

/** The whole object in one request. */
export async function putObject(
  key: string,
  given: Record<string, string>,
  source: Source,
  context: Context,
): Promise<Stored> {
  const { signal, settings } = context;
  const ownChecksum = checksumAmong(given);
  const digests = await digestsOf(source, digestPlan(settings, ownChecksum !== undefined), signal);
  const headers = digestHeaders(given, digests, settings);
  const { bucket } = settings;
  const judge = async (answer: WireAnswer): Promise<Stored> => {
    const { etag } = answer.headers;
    if (etag === undefined) throw notFromS3(answer, 'an ETag');
    await source.assertUnchanged();
    const md5 = md5ToCompare(source, digests, settings, signal);
    const verified = await verify(answer, { bucket, headers, md5 });
    return { answer, etag, checksum: headers[ownChecksum ?? checksumAmong(headers) ?? ''] ?? '', verified };
  };
  const command = (): PutObjectCommand =>
    new PutObjectCommand({
      Bucket: bucket,
      Key: key,
      ContentLength: source.size,
      // Neither a stream nor bytes: the signer and the checksum middleware leave it alone.
      Body: source as never,
    });
  try {
    return await context.way.send({ key, query: {}, headers, source, mayAsk: true, command, judge }, context);
  } catch (error) {
    if (!mayBeOurs(error, context.history, source.size)) throw error;
    const judgeFound = async (answer: WireAnswer): Promise<Stored> => {
      if (answer.headers['content-length'] !== String(source.size)) throw error;
      return await judge(answer);
    };
    return await lookForObject(key, given, judgeFound, context).catch(() => {
      throw error;
    });
  }
}
