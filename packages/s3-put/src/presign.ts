import { PutObjectCommand } from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import { failureOf } from './failure.ts';
import { count, duration, expected, refuseUnknown } from './options.ts';
import type { Settings } from './options.ts';
import { queryString } from './transport/transport.ts';
import type { HttpRequest } from './transport/transport.ts';

export interface PresignOptions {
  /** For how long the URL is good, in whole seconds (a fraction is cut), at most 7 days. @default 900_000, 15 minutes */
  expiresInMs?: number;
  /** The one size of body that S3 will take. Without it S3 takes any, up to 5 GiB. */
  contentLength?: number;
}

/** All that somebody without credentials needs to store one object. */
export interface PresignedPut {
  method: 'PUT';
  url: string;
  /** To be sent with exactly these values: they are part of what is signed. */
  headers: Record<string, string>;
  /** When S3 begins to refuse it: after `expiresInMs`, or when the credentials that signed it expire, if that is earlier. */
  expiresAt: Date;
}

/**
 * Signs with what the client has: its credentials, region and endpoint, and its own signer, which is the class that AWS's
 * presigner package extends.
 *
 * @throws {Failure} of the client
 */
export async function presignPut(
  key: string,
  headers: Record<string, string>,
  { expiresInSeconds, contentLength }: PresignSettings,
  { bucket, client }: Settings,
): Promise<PresignedPut> {
  const promised = {
    ...headers,
    ...(contentLength !== undefined && { 'content-length': String(contentLength) }),
  };
  const names = new Set(Object.keys(promised));
  let presigned: PresignedPut | undefined;
  const command = new PutObjectCommand({ Bucket: bucket, Key: key });
  command.middlewareStack.addRelativeTo(
    (_next: unknown, context: SigningContext) => async (args: { request: unknown }) => {
      const request = args.request as HttpRequest;
      // What the client adds for a request of its own, a checksum of no body among it, is nothing that somebody else promises.
      request.headers = {
        host: request.headers['host'] ?? '',
        ...promised,
        'X-Amz-Content-Sha256': 'UNSIGNED-PAYLOAD',
      };
      // A signature knows whole seconds.
      const signingDate = new Date(Math.floor((Date.now() + client.config.systemClockOffset) / 1000) * 1000);
      const options = {
        expiresIn: expiresInSeconds,
        signingDate,
        // In the URL most of them would work as well, but then nothing would hold the sender to them.
        unhoistableHeaders: names,
        signableHeaders: names,
      };
      const { signed, expiration } = await sign(request, options, context, client);
      const expiresAtMs = signingDate.getTime() + expiresInSeconds * 1000;
      presigned = {
        method: 'PUT',
        url: urlOf(signed),
        // Whoever sends a body sets its length, and a browser lets nobody else do so.
        headers,
        expiresAt: new Date(Math.min(expiresAtMs, expiration?.getTime() ?? Infinity)),
      };
      return { response: {}, output: { $metadata: {} } };
    },
    // In place of the client's own signing and all that follows, where it would warn of a body without a length.
    { relation: 'before', toMiddleware: 'httpSigningMiddleware', name: 's3PutPresign' },
  );
  try {
    // The options must be given, see `sendCommand`.
    await client.send(command, {});
    if (presigned === undefined) throw new Error('the client answered without having signed');
    return presigned;
  } catch (error) {
    throw failureOf(error);
  }
}

export interface PresignSettings {
  expiresInSeconds: number;
  contentLength: number | undefined;
}

/** @throws {S3PutError} EINVALID */
export function presignSettingsOf(options: PresignOptions): PresignSettings {
  refuseUnknown('option', options, ['expiresInMs', 'contentLength']);
  const { expiresInMs = 900_000, contentLength } = options;
  const expiresInSeconds = Math.floor(duration('expiresInMs', expiresInMs) / 1000);
  if (expiresInSeconds < 1 || expiresInMs > LONGEST_EXPIRY_MS)
    throw expected('expiresInMs', `from 1000 to ${LONGEST_EXPIRY_MS} (7 days)`, expiresInMs);
  return {
    expiresInSeconds,
    contentLength: contentLength === undefined ? undefined : count('contentLength', contentLength, 0),
  };
}

/** S3's limit for a signature in a URL. */
const LONGEST_EXPIRY_MS = 7 * 24 * 60 * 60 * 1000;

interface Identity {
  expiration?: Date;
}

/** What the client's middleware has found out by the time it signs. */
interface SigningContext {
  endpointV2?: { properties?: { authSchemes?: unknown[] } };
  __smithy_context?: {
    selectedHttpAuthScheme?: {
      identity?: Identity;
      httpAuthOption?: { signingProperties?: { signingRegion?: string; signingName?: string } };
    };
  };
  /** In a directory bucket: the credentials of a session with it, which the client has begun. */
  s3ExpressIdentity?: Identity;
}

interface Presigner {
  presign(request: HttpRequest, options: object): Promise<HttpRequest>;
  presignWithCredentials(request: HttpRequest, credentials: Identity, options: object): Promise<HttpRequest>;
}

async function sign(
  request: HttpRequest,
  options: object,
  { endpointV2, __smithy_context, s3ExpressIdentity }: SigningContext,
  client: S3Client,
): Promise<{ signed: HttpRequest; expiration: Date | undefined }> {
  const { identity, httpAuthOption } = __smithy_context?.selectedHttpAuthScheme ?? {};
  const { signingRegion, signingName } = httpAuthOption?.signingProperties ?? {};
  const signer: unknown = await client.config.signer(endpointV2?.properties?.authSchemes?.[0] as never);
  if (!isPresigner(signer)) throw new Error("the client's own `signer` cannot presign");
  const signingOptions = { ...options, signingRegion, signingService: signingName };
  const signed =
    s3ExpressIdentity === undefined
      ? await signer.presign(request, signingOptions)
      : await signer.presignWithCredentials(request, s3ExpressIdentity, signingOptions);
  return { signed, expiration: (s3ExpressIdentity ?? identity)?.expiration };
}

const isPresigner = (signer: unknown): signer is Presigner =>
  typeof (signer as Presigner | undefined)?.presign === 'function';

const urlOf = ({ protocol, hostname, port, path, query }: HttpRequest): string =>
  `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}${queryString(query)}`;
