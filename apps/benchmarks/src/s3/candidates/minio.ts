import { Client } from 'minio';
import { account, type Candidate } from '../candidates.ts';

export function minio(endpoint: string): Candidate {
  const { protocol, hostname, port } = new URL(endpoint);
  const client = new Client({
    endPoint: hostname,
    port: Number(port),
    useSSL: protocol === 'https:',
    accessKey: account.credentials.accessKeyId,
    secretKey: account.credentials.secretAccessKey,
    region: account.region,
  });
  return { put: ({ path }, bucket) => client.fPutObject(bucket, 'key', path), end: () => {} };
}
