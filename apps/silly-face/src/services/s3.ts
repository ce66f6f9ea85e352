import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { freePort } from '@silly-face/postgres-local';
import { readS3Config } from '../config.ts';
import type { Service } from './service.ts';

const LOCAL_BUCKET = 'silly-face-photos';

interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
}

/** S3_BUCKET and its friends, at S3_ENDPOINT or Amazon's own; else s3-local over a folder, with credentials of its own. */
export async function s3Service(environment: NodeJS.ProcessEnv, directory: string): Promise<Service> {
  // One of them alone is a mistake, and no reason to keep photos on this machine.
  if (environment.S3_BUCKET || environment.S3_ENDPOINT) {
    const { endpoint, bucket, region } = readS3Config(environment); // The API processes inherit what this has found right.
    const where = endpoint === undefined ? `bucket ${bucket} in ${region}` : `at ${endpoint}`;
    return { description: `S3 ${where}`, environment: {}, children: [], sockets: {} };
  }
  const { accessKeyId, secretAccessKey } = credentials(directory);
  const port = await freePort();
  return {
    description: `s3-local in ${directory}`,
    environment: {
      S3_ENDPOINT: `http://127.0.0.1:${port}`,
      S3_REGION: 'us-east-1',
      S3_BUCKET: LOCAL_BUCKET,
      S3_ACCESS_KEY_ID: accessKeyId,
      S3_SECRET_ACCESS_KEY: secretAccessKey,
    },
    sockets: { s3: { host: '127.0.0.1', port } },
    children: [
      {
        name: 's3',
        script: s3LocalCommand(),
        args: [directory, '--bucket', LOCAL_BUCKET],
        env: { S3_LOCAL_ACCESS_KEY_ID: accessKeyId, S3_LOCAL_SECRET_ACCESS_KEY: secretAccessKey },
        sockets: ['s3'],
        readiness: 'message',
      },
    ],
  };
}

/** The script behind the package's command `s3-local`. */
function s3LocalCommand(): string {
  const manifest = createRequire(import.meta.url).resolve('@silly-face/s3-local/package.json');
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin: Record<'s3-local', string> };
  return join(dirname(manifest), bin['s3-local']);
}

/** Made once a data folder, so that what runs against a kept folder goes on fitting. */
function credentials(directory: string): Credentials {
  mkdirSync(directory, { recursive: true });
  const file = `${directory}-credentials.json`;
  if (!existsSync(file)) {
    const made: Credentials = {
      accessKeyId: `local${randomBytes(6).toString('hex')}`,
      secretAccessKey: randomBytes(24).toString('base64url'),
    };
    writeFileSync(`${file}.new`, JSON.stringify(made), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
  return JSON.parse(readFileSync(file, 'utf8')) as Credentials;
}
