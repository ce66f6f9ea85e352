import {
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
} from '@aws-sdk/client-s3';
import type { HeadObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';

/** What is in a bucket, seen by an ordinary SDK client. */
export interface StoredObjects {
  head(key: string): Promise<HeadObjectCommandOutput>;
  content(key: string): Promise<Buffer>;
  /** Whether `key` holds exactly these bytes. */
  holds(key: string, bytes: Uint8Array): Promise<boolean>;
  tags(key: string): Promise<Record<string, string>>;
  /** How many unfinished uploads of `key` there are. */
  uploads(key: string): Promise<number>;
}

export function storedObjects(client: S3Client, bucket = 'bucket'): StoredObjects {
  const content = async (key: string): Promise<Buffer> => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return Buffer.from((await Body?.transformToByteArray()) ?? []);
  };
  return {
    head: (key) => client.send(new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' })),
    content,
    holds: async (key, bytes) => (await content(key)).equals(bytes),
    tags: async (key) => {
      const { TagSet = [] } = await client.send(new GetObjectTaggingCommand({ Bucket: bucket, Key: key }));
      return Object.fromEntries(TagSet.map(({ Key, Value }) => [Key, Value]));
    },
    uploads: async (key) => {
      const { Uploads = [] } = await client.send(
        new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: key }),
      );
      return Uploads.length;
    },
  };
}
