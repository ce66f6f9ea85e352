import {
  AbortMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type {
  CopyObjectCommandInput,
  GetObjectCommandInput,
  PutObjectCommandInput,
  S3Client,
} from '@aws-sdk/client-s3';
import { answerOf, rawAnswerOf } from './asked.ts';
import type { Answer, Asked } from './asked.ts';
import { send, sendSigned } from './raw.ts';
import { bucket } from './server.ts';
import { presignedPath } from './signer.ts';

type Ask = (server: Asked) => Promise<Answer>;

const MiB = 1024 * 1024;
const missingUpload = { Bucket: bucket, Key: 'k', UploadId: '2~missing' };
const list = new ListObjectsV2Command({ Bucket: bucket });

const sdk =
  (ask: (client: S3Client) => Promise<unknown>): Ask =>
  ({ client }) =>
    answerOf(ask(client));
const put = (input: Partial<PutObjectCommandInput>): Ask =>
  sdk((client) => client.send(new PutObjectCommand({ Bucket: bucket, Key: 'put', Body: 'x', ...input })));
const get = (input: Partial<GetObjectCommandInput>): Ask =>
  sdk((client) => client.send(new GetObjectCommand({ Bucket: bucket, Key: 'k', ...input })));
const copy = (input: Partial<CopyObjectCommandInput>): Ask =>
  sdk((client) =>
    client.send(new CopyObjectCommand({ Bucket: bucket, Key: 'k', CopySource: `${bucket}/k`, ...input })),
  );
const presigned =
  (ageSeconds: number): Ask =>
  async ({ port, credentials }) => {
    const host = `127.0.0.1:${port}`;
    const date = new Date(Date.now() - ageSeconds * 1000);
    const path = presignedPath({ method: 'GET', path: `/${bucket}/k`, host, date, credentials });
    return rawAnswerOf(await send({ port, method: 'GET', path, headers: { host } }));
  };
const raw =
  (method: string, path: string, more: { payloadHash?: string; body?: string } = {}): Ask =>
  async ({ port, credentials }) =>
    rawAnswerOf(await sendSigned(port, { method, path: `/${bucket}/${path}`, credentials, ...more }));

/** What is asked, and what S3 answers; then what radosgw answers where that is something else. */
export const questions: readonly [what: string, ask: Ask, answer: Answer, radosgw?: Answer][] = [
  ['an object', get({}), [200]],
  ['a range', get({ Range: 'bytes=2-4' }), [206]],
  ['a range behind the end', get({ Range: 'bytes=10-' }), [416, 'InvalidRange']],
  ['a missing object', get({ Key: 'missing' }), [404, 'NoSuchKey']],
  [
    'a missing object by HEAD',
    sdk((client) => client.send(new HeadObjectCommand({ Bucket: bucket, Key: 'missing' }))),
    [404, 'NotFound'],
  ],
  ['a missing bucket', get({ Bucket: 'missing' }), [404, 'NoSuchBucket']],
  ['an object for a missing bucket', put({ Bucket: 'missing' }), [404, 'NoSuchBucket']],
  ['what has not changed', get({ IfNoneMatch: '"781e5e245d69b566979b86e28d23f2c7"' }), [304]],
  ['what has another ETag', get({ IfMatch: '"other"' }), [412, 'PreconditionFailed']],
  ['a digest of other bytes', put({ ContentMD5: 'AAAAAAAAAAAAAAAAAAAAAA==' }), [400, 'BadDigest']],
  ['a digest that is none', put({ ContentMD5: 'nonsense' }), [400, 'InvalidDigest']],
  [
    'a payload hash of other bytes',
    raw('PUT', 'put', { payloadHash: '0'.repeat(64), body: 'x' }),
    [400, 'XAmzContentSHA256Mismatch'],
  ],
  ['an object over another', put({ Key: 'k', IfNoneMatch: '*' }), [412, 'PreconditionFailed']],
  [
    'an object over one with another ETag',
    put({ Key: 'k', IfMatch: '"other"' }),
    [412, 'PreconditionFailed'],
  ],
  [
    'an object over a missing one',
    put({ Key: 'missing', IfMatch: '"other"' }),
    [404, 'NoSuchKey'],
    [412, 'PreconditionFailed'],
  ],
  [
    'more metadata than S3 takes',
    put({ Metadata: { a: 'x'.repeat(2048) } }),
    [400, 'MetadataTooLarge'],
    [200],
  ],
  [
    'a key longer than S3 takes',
    put({ Key: 'x'.repeat(1025) }),
    [400, 'KeyTooLongError'],
    [400, 'InvalidObjectName'],
  ],
  ['a copy of a missing object', copy({ CopySource: `${bucket}/missing` }), [404, 'NoSuchKey']],
  ['a copy onto itself', copy({}), [400, 'InvalidRequest']],
  [
    'a missing object, to be deleted',
    sdk((client) => client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'missing' }))),
    [204],
  ],
  [
    'a bucket that is there',
    sdk((client) => client.send(new CreateBucketCommand({ Bucket: bucket }))),
    [200],
  ],
  [
    'a bucket with objects, to be deleted',
    sdk((client) => client.send(new DeleteBucketCommand({ Bucket: bucket }))),
    [409, 'BucketNotEmpty'],
  ],
  [
    'a part for a missing upload',
    sdk((client) => client.send(new UploadPartCommand({ ...missingUpload, PartNumber: 1, Body: 'x' }))),
    [404, 'NoSuchUpload'],
  ],
  [
    'a part numbered 0',
    sdk((client) => client.send(new UploadPartCommand({ ...missingUpload, PartNumber: 0, Body: 'x' }))),
    [400, 'InvalidArgument'],
    [404, 'NoSuchUpload'],
  ],
  [
    'a missing upload, to be aborted',
    sdk((client) => client.send(new AbortMultipartUploadCommand(missingUpload))),
    [404, 'NoSuchUpload'],
  ],
  ['two parts', ({ completed }) => completed([5 * MiB, 1], (parts) => parts), [200]],
  [
    'two parts of which the first is too small',
    ({ completed }) => completed([1, 1], (parts) => parts),
    [400, 'EntityTooSmall'],
  ],
  [
    'two parts in the wrong order',
    ({ completed }) => completed([5 * MiB, 1], (parts) => parts.toReversed()),
    [400, 'InvalidPartOrder'],
    [200],
  ],
  [
    'a part that has another ETag',
    ({ completed }) => completed([1], ([part]) => [{ ...part, ETag: '"0123456789abcdef0123456789abcdef"' }]),
    [400, 'InvalidPart'],
  ],
  ['no parts', ({ completed }) => completed([1], () => []), [400, 'MalformedXML']],
  [
    'a wrong secret',
    ({ credentials, askedBy }) =>
      askedBy({ credentials: { ...credentials, secretAccessKey: 'wrong' } }, (client) => client.send(list)),
    [403, 'SignatureDoesNotMatch'],
  ],
  [
    'an unknown access key',
    ({ credentials, askedBy }) =>
      askedBy({ credentials: { ...credentials, accessKeyId: 'NOBODY' } }, (client) => client.send(list)),
    [403, 'InvalidAccessKeyId'],
  ],
  [
    'another region',
    ({ askedBy }) => askedBy({ region: 'eu-west-1' }, (client) => client.send(list)),
    [400, 'AuthorizationHeaderMalformed'],
    [200],
  ],
  [
    'a clock that is fast',
    ({ askedBy }) => askedBy({ systemClockOffset: 3_600_000 }, (client) => client.send(list)),
    [403, 'RequestTimeTooSkewed'],
  ],
  [
    'a clock that is slow',
    ({ askedBy }) => askedBy({ systemClockOffset: -3_600_000 }, (client) => client.send(list)),
    [403, 'RequestTimeTooSkewed'],
  ],
  [
    'no signature',
    async ({ port }) =>
      rawAnswerOf(
        await send({ port, method: 'GET', path: `/${bucket}/k`, headers: { host: `127.0.0.1:${port}` } }),
      ),
    [403, 'AccessDenied'],
  ],
  ['a presigned URL', presigned(10), [200]],
  ['a presigned URL that has expired', presigned(120), [403, 'AccessDenied']],
];
