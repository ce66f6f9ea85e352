export interface File {
  path: string;
  bytes: number;
}

export interface Candidate {
  put(file: File, bucket: string): Promise<unknown>;
  end(): unknown;
}

const MiB = 2 ** 20;

const loadOurs = () => import('./candidates/ours.ts');
const loadSdk = () => import('./candidates/sdk.ts');
const loadLibStorage = () => import('./candidates/lib-storage.ts');
const loadMinio = () => import('./candidates/minio.ts');
const loadRawHttp = () => import('./candidates/raw-http.ts');

/**
 * Each with its default options, made the way its users make it, unless its name says otherwise; loaded where it is run, so that
 * nobody holds another one's code in memory.
 *
 * aws-crt (1.33) is not among them: to JavaScript it offers no S3 client, and what it offers, an HTTP client, takes a body of
 * this size for ended while bytes of it still wait (AWS_ERROR_HTTP_OUTGOING_STREAM_LENGTH_INCORRECT).
 */
export const candidates = {
  ours: async (endpoint) => (await loadOurs()).ours(endpoint, {}),
  'ours, in one PUT': async (endpoint) =>
    (await loadOurs()).ours(endpoint, { multipartFromBytes: Number.MAX_SAFE_INTEGER }),
  'ours, with Content-MD5': async (endpoint) => (await loadOurs()).ours(endpoint, { contentMD5: true }),
  SDK: async (endpoint) => (await loadSdk()).sdkBuffer(endpoint),
  'SDK stream': async (endpoint) => (await loadSdk()).sdkStream(endpoint),
  'SDK stream, own agent': async (endpoint) => (await loadSdk()).sdkStream(endpoint, { ownAgent: true }),
  'lib-storage': async (endpoint) => (await loadLibStorage()).libStorage(endpoint),
  'lib-storage tuned': async (endpoint) =>
    (await loadLibStorage()).libStorage(endpoint, {
      upload: { partSize: 16 * MiB, queueSize: 4 },
      highWaterMark: MiB,
      ownAgent: true,
    }),
  minio: async (endpoint) => (await loadMinio()).minio(endpoint),
  'raw node:http': async (endpoint) => (await loadRawHttp()).rawHttp(endpoint),
} satisfies Record<string, (endpoint: string) => Promise<Candidate>>;

export type CandidateName = keyof typeof candidates;

export const account = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
};
