import { execFile } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { createS3Local, type S3Local } from '@silly-face/s3-local';
import { startPostgres, type TestPostgres, waitUntil } from '@silly-face/testing';
import type { Pool } from '@silly-face/pg-pool-transactions';
import { type HttpConfig, readHttpConfig } from '../../src/config.ts';
import { type Directory, DirectoryError } from '../../src/directory/directory.ts';
import { buildApp } from '../../src/http/app.ts';
import { PhotoStorage } from '../../src/photo/storage.ts';
import { UploadDirectory } from '../../src/photo/upload-directory.ts';
import { openDatabase } from '../../src/store/database.ts';
import { installationIdOf } from '../../src/store/installation.ts';

// The SDK would warn that its next versions need a newer Node.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

const BUCKET = 'photos-of-tests';
const CREDENTIALS = { accessKeyId: 'tester', secretAccessKey: 'a secret of tests' };

/** The whole HTTP layer on a port, with a Postgres and an S3 of its own. */
export interface Rig extends AsyncDisposable {
  readonly url: string;
  readonly server: Server;
  readonly postgres: TestPostgres;
  readonly db: Pool;
  readonly photos: PhotoStorage;
  readonly installationId: () => Promise<string>;
  readonly uploads: UploadDirectory;
  readonly parties: Directory;
  readonly uploadDirectory: string;
  /** For a process of its own. */
  readonly environment: Record<string, string>;
  /** The keys in the bucket. */
  objects(): Promise<string[]>;
  /** All rows of all tables, all objects and all files: equal before and after means that nothing changed. */
  everything(): Promise<unknown>;
  stopS3(): Promise<void>;
  startS3(): Promise<void>;
  setDraining(draining: boolean): void;
}

export interface RigOptions {
  readonly http?: Partial<HttpConfig>;
  /** Made for a database; without it there are no parties. */
  readonly directory?: (databaseUrl: string) => Directory;
}

export async function startRig({ http, directory: open = noParties }: RigOptions = {}): Promise<Rig> {
  const directory = await mkdtemp(join(tmpdir(), 'silly-face-http-'));
  const uploadDirectory = join(directory, 'uploads');
  const s3Directory = join(directory, 's3');
  let s3: S3Local | undefined;
  const startS3 = async (port = 0): Promise<S3Local> =>
    (s3 ??= await createS3Local({
      directory: s3Directory,
      credentials: CREDENTIALS,
      buckets: [BUCKET],
      port,
    }));
  const { endpoint, port: s3Port } = await startS3();
  const postgres = await startPostgres();
  const environment = {
    DATABASE_URL: postgres.connectionString,
    S3_ENDPOINT: endpoint,
    S3_REGION: 'us-east-1',
    S3_BUCKET: BUCKET,
    S3_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    S3_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    UPLOAD_DIRECTORY: uploadDirectory,
  };
  await migrate(environment);

  const db = openDatabase(postgres.connectionString);
  const photos = new PhotoStorage({ endpoint, region: 'us-east-1', bucket: BUCKET, ...CREDENTIALS });
  const installationId = installationIdOf(db);
  const uploads = new UploadDirectory(uploadDirectory);
  const parties = open(postgres.connectionString);
  let draining = false;
  const { app } = buildApp(
    {
      db,
      poolStats: () => db.stats(),
      photos: () => Promise.resolve(photos),
      installationId,
      uploads,
      directory: async () => parties,
      isDraining: () => draining,
    },
    { ...readHttpConfig({}), logLevel: 'silent', checkAnswers: true, ...http },
  );
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;

  const s3Client = new S3Client({
    endpoint,
    region: 'us-east-1',
    credentials: CREDENTIALS,
    forcePathStyle: true,
  });
  const objects = async (): Promise<string[]> => {
    const { Contents = [] } = await s3Client.send(new ListObjectsV2Command({ Bucket: BUCKET }));
    return Contents.flatMap(({ Key }) => Key ?? []);
  };
  return {
    url: `http://127.0.0.1:${port}`,
    server: app.server,
    postgres,
    db,
    photos,
    installationId,
    uploads,
    parties,
    uploadDirectory,
    environment,
    objects,
    async everything() {
      const { rows } = await db.query(
        `SELECT ${TABLES.map((table) => `(SELECT json_agg(t ORDER BY t::text) FROM ${table} t) AS ${table}`).join(', ')}`,
      );
      return { tables: rows[0], objects: await objects(), files: await filesIn(uploadDirectory) };
    },
    async stopS3() {
      await s3?.close();
      s3 = undefined;
    },
    async startS3() {
      await startS3(s3Port);
    },
    setDraining(value) {
      draining = value;
    },
    async [Symbol.asyncDispose]() {
      await app.close();
      const { borrowed } = db.stats();
      if (borrowed > 0) throw new Error(`${borrowed} clients of the pool were never given back`);
      const held = openFilesIn(uploadDirectory);
      if (held.length > 0) throw new Error(`Files that are still open: ${held.join(', ')}`);
      await parties.disconnect();
      await db.drain();
      await photos.close();
      s3Client.destroy();
      await s3?.close();
      await postgres[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function noParties(): Directory {
  const locate = (): never => {
    throw new DirectoryError('directory-unavailable', 'These tests have no directory');
  };
  const parts: Partial<Directory> = { locate: async () => locate(), disconnect: async () => {} };
  return parts as Directory;
}

/**
 * Until several at once are served by Postgres as before, and no attempt to connect from a worse time is under way: it would
 * fail in the hands of whoever asks next.
 */
export async function recovered(db: Pool): Promise<void> {
  const isIdle = (): boolean => db.stats().connecting + db.stats().borrowed === 0;
  const serves = async (): Promise<boolean> => {
    const several = await Promise.allSettled(
      Array.from({ length: 3 }, () => db.query('SELECT pg_sleep(0.05)')),
    );
    return several.every(({ status }) => status === 'fulfilled');
  };
  await waitUntil(async () => isIdle() && (await serves()), { what: 'Postgres to be used as before' });
}

const TABLES = ['players', 'sessions', 'rounds', 'turns', 'taunts', 'idempotency_keys'];

async function migrate(environment: Record<string, string>): Promise<void> {
  await promisify(execFile)(process.execPath, [processFile('migrate')], {
    env: { ...process.env, ...environment },
  });
}

/** The entry script as it is built. */
export function processFile(name: 'api' | 'migrate' | 'nginx-configuration'): string {
  return fileURLToPath(new URL(`../../dist/processes/${name}.js`, import.meta.url));
}

export async function filesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}

/** Files there that this process has open, also those that were deleted. Linux only. */
function openFilesIn(directory: string): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(directory) ? [path] : [];
    } catch {
      return []; // The descriptor of the listing itself.
    }
  });
}
