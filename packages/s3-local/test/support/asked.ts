import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { CompletedPart, S3ClientConfig } from '@aws-sdk/client-s3';
import { codeOf } from './raw.ts';
import type { RawAnswer } from './raw.ts';
import { bucket } from './server.ts';

/** A server that is asked the same as another one. */
export interface Asked {
  port: number;
  credentials: { accessKeyId: string; secretAccessKey: string };
  client: S3Client;
  /** What an SDK client that is configured otherwise is answered. */
  askedBy: (config: S3ClientConfig, ask: (client: S3Client) => Promise<unknown>) => Promise<Answer>;
  /** What an upload of parts of this size is answered when it is completed with what `choose` makes of them. */
  completed: (
    sizes: readonly number[],
    choose: (parts: CompletedPart[]) => CompletedPart[],
  ) => Promise<Answer>;
  close: () => void;
}

/** The status, and the code of an error. */
export type Answer = [status: number, code?: string];

interface SdkAnswer {
  name?: string;
  $metadata?: { httpStatusCode?: number };
}

export async function answerOf(asking: Promise<unknown>): Promise<Answer> {
  try {
    const { $metadata } = (await asking) as SdkAnswer;
    return [$metadata?.httpStatusCode ?? 0];
  } catch (error) {
    const { name, $metadata } = error as SdkAnswer;
    if ($metadata?.httpStatusCode === undefined) throw error;
    // A 304 is none, but the SDK throws it.
    return name === undefined || name === 'Unknown'
      ? [$metadata.httpStatusCode]
      : [$metadata.httpStatusCode, name];
  }
}

export function rawAnswerOf(answer: RawAnswer): Answer {
  const code = codeOf(answer);
  return code === undefined ? [answer.status] : [answer.status, code];
}

/** With the bucket, and in it the object `k` of ten bytes. */
export async function asked(server: { endpoint: string; credentials: Asked['credentials'] }): Promise<Asked> {
  const { endpoint, credentials } = server;
  const config = { endpoint, credentials, region: 'us-east-1', forcePathStyle: true, maxAttempts: 1 };
  const client = new S3Client(config);
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: '0123456789' }));
  return {
    port: Number(new URL(endpoint).port),
    credentials,
    client,
    askedBy: async (other, ask) => {
      const otherClient = new S3Client({ ...config, ...other });
      try {
        return await answerOf(ask(otherClient));
      } finally {
        otherClient.destroy();
      }
    },
    completed: async (sizes, choose) => {
      const target = { Bucket: bucket, Key: 'parts' };
      const { UploadId } = await client.send(new CreateMultipartUploadCommand(target));
      const parts: CompletedPart[] = [];
      for (const [index, size] of sizes.entries()) {
        const part = { ...target, UploadId, PartNumber: index + 1, Body: Buffer.alloc(size) };
        const { ETag, ChecksumCRC32 } = await client.send(new UploadPartCommand(part));
        parts.push({ PartNumber: index + 1, ETag, ChecksumCRC32 });
      }
      const MultipartUpload = { Parts: choose(parts) };
      return await answerOf(
        client.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload })),
      );
    },
    close: () => client.destroy(),
  };
}
