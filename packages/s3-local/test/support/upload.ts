import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { CompletedPart, CreateMultipartUploadCommandInput, S3Client } from '@aws-sdk/client-s3';
import { bucket } from './server.ts';

export const partBytes = 5 * 1024 * 1024;
export const target = { Bucket: bucket, Key: 'big file' };

/** An upload in parts through the SDK. */
export async function begin(client: S3Client, more: Partial<CreateMultipartUploadCommandInput> = {}) {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...target, ...more }));
  const upload = { ...target, ...(more.Key !== undefined && { Key: more.Key }), UploadId };
  const part = async (PartNumber: number, Body: Buffer, options = {}): Promise<CompletedPart> => {
    const { ETag, ChecksumCRC32 } = await client.send(
      new UploadPartCommand({ ...upload, PartNumber, Body, ...options }),
    );
    return { PartNumber, ETag, ChecksumCRC32 };
  };
  const complete = (Parts: CompletedPart[], options = {}) =>
    client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts }, ...options }));
  return { upload, part, complete };
}
