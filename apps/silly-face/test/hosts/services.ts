import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createS3Local } from '@silly-face/s3-local';
import { startPostgres, startRedis, type TestPostgres } from '@silly-face/testing';
import type { Network } from './network.ts';

export interface SharedServices extends AsyncDisposable {
  readonly postgres: TestPostgres;
  /** What a backend on any of the machines is told. */
  readonly environment: Record<string, string>;
}

/** Postgres, S3 and, when it is wanted, Redis, in a third place that all machines reach. */
export async function startServices(
  { address, range }: Network,
  { redis: wantsRedis }: { redis: boolean },
): Promise<SharedServices> {
  const folder = mkdtempSync(join(tmpdir(), 'silly-face-services-'));
  const closing: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const dispose = async (): Promise<void> => {
    for (const close of closing.toReversed()) await close();
  };
  try {
    chmodSync(folder, 0o755); // As root, Postgres runs as somebody else.
    const access = join(folder, 'access');
    writeFileSync(
      access,
      [range, '127.0.0.1/32'].map((from) => `host all all ${from} scram-sha-256\n`).join(''),
    );
    const postgres = await startPostgres({ listen_addresses: `127.0.0.1,${address}`, hba_file: access });
    closing.push(() => postgres[Symbol.asyncDispose]());
    const s3 = await createS3Local({
      directory: join(folder, 's3'),
      credentials: KEYS,
      host: address,
      buckets: [BUCKET],
    });
    closing.push(() => s3.close());
    const redis = wantsRedis ? await startRedis({ host: address }) : undefined;
    closing.push(() => redis?.[Symbol.asyncDispose]());
    return {
      postgres,
      environment: {
        DATABASE_URL: postgres.connectionString.replace('127.0.0.1', address),
        REDIS_URL: redis?.url ?? '',
        S3_ENDPOINT: s3.endpoint,
        S3_REGION: 'us-east-1',
        S3_BUCKET: BUCKET,
        S3_ACCESS_KEY_ID: KEYS.accessKeyId,
        S3_SECRET_ACCESS_KEY: KEYS.secretAccessKey,
      },
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

const BUCKET = 'silly-face-photos';
const KEYS = { accessKeyId: 'hosts', secretAccessKey: 'what the hosts sign with' };
