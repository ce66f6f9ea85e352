import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { createS3Local } from '@silly-face/s3-local';
import { bringCeph, bringNginx, startCeph, startNginx } from '@silly-face/testing';
import { storedObjects } from './stored-objects.ts';
import type { StoredObjects } from './stored-objects.ts';
import { credentials } from './uploads.ts';

/** A running server with an empty bucket named `bucket`. */
export interface Server {
  endpoint: string;
  port: number;
  credentials: { accessKeyId: string; secretAccessKey: string };
  /** Asked of S3 itself, past a proxy. */
  stored: StoredObjects;
  stop(): Promise<void>;
}

/** In what servers rightly differ. */
export interface Traits {
  /** Whether it knows `x-amz-checksum-…`, which it then checks and returns, or takes no notice of it. */
  checksums: boolean;
  /** Whether `if-none-match` also holds for a file in parts, or is passed over there. */
  conditionOfParts: boolean;
  /**
   * When it refuses a large body: before any of it, or, where a proxy asks for all of it first, after its last byte, or
   * somewhere on the way.
   */
  refuses: 'before the body' | 'during the body' | 'after the body';
}

export interface ServerKind {
  name: string;
  traits: Traits;
  /** Brings it: undefined when it is there, else why it is not. */
  bring(): Promise<string | undefined>;
  start(): Promise<Server>;
}

const here = async (): Promise<undefined> => undefined;
const s3LocalTraits: Traits = {
  checksums: true,
  conditionOfParts: true,
  refuses: 'before the body',
};
// Those of the Ceph 16.2 in Debian 12.
const radosgwTraits: Traits = {
  checksums: false,
  conditionOfParts: false,
  refuses: 'before the body',
};

const s3Local: ServerKind = { name: 's3-local', traits: s3LocalTraits, bring: here, start: startS3Local };
const radosgw: ServerKind = { name: 'radosgw', traits: radosgwTraits, bring: bringCeph, start: startRadosgw };

export const serverKinds: readonly ServerKind[] = [
  s3Local,
  behindNginx(s3Local, true),
  behindNginx(s3Local, false),
  radosgw,
  behindNginx(radosgw, true),
  behindNginx(radosgw, false),
];

async function startS3Local(): Promise<Server> {
  const directory = await mkdtemp(join(tmpdir(), 's3-put-'));
  const s3 = await createS3Local({ directory, port: 0, credentials, buckets: ['bucket'] });
  const client = new S3Client({ endpoint: s3.endpoint, credentials, region: 'us-east-1' });
  return {
    endpoint: s3.endpoint,
    port: s3.port,
    credentials,
    stored: storedObjects(client),
    stop: async () => {
      client.destroy();
      await s3.close();
      await rm(directory, { recursive: true });
    },
  };
}

async function startRadosgw(): Promise<Server> {
  const ceph = await startCeph();
  const client = new S3Client({
    endpoint: ceph.endpoint,
    credentials: ceph.credentials,
    region: 'us-east-1',
  });
  await client.send(new CreateBucketCommand({ Bucket: 'bucket' }));
  return {
    endpoint: ceph.endpoint,
    port: Number(new URL(ceph.endpoint).port),
    credentials: ceph.credentials,
    stored: storedObjects(client),
    stop: async () => {
      client.destroy();
      await ceph.stop();
    },
  };
}

function behindNginx(kind: ServerKind, requestBuffering: boolean): ServerKind {
  return {
    name: `${kind.name} behind nginx with request buffering ${requestBuffering ? 'on' : 'off'}`,
    traits: { ...kind.traits, refuses: requestBuffering ? 'after the body' : 'during the body' },
    bring: async () => (await kind.bring()) ?? (await bringNginx()),
    start: async () => {
      const server = await kind.start();
      const nginx = await startNginx({ upstreams: [server.port], requestBuffering });
      return {
        ...server,
        endpoint: nginx.endpoint,
        port: nginx.port,
        stop: async () => {
          await nginx.stop();
          await server.stop();
        },
      };
    },
  };
}
