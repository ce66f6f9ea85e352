import type { DigestPlan, BodyDigests } from './checksum/digests.ts';
import { checksumHeader } from './checksum/headers.ts';
import type { Settings } from './options.ts';
import { digestsOf } from './source/source.ts';
import type { Source } from './source/source.ts';
import type { StopSignal } from './stop-signal.ts';
import type { Sent } from './verify.ts';

/** An MD5 costs more than all else that an upload does, so it is made beforehand only when it is asked for. */
export function digestPlan(
  { checksumAlgorithm, contentMD5, verifyETag = false }: Settings,
  hasOwnChecksum: boolean,
): DigestPlan {
  return { algorithm: hasOwnChecksum ? undefined : checksumAlgorithm, md5: contentMD5 || verifyETag };
}

/** The headers that vouch for a body, beside those given. */
export function digestHeaders(
  given: Record<string, string>,
  { checksum, md5 }: BodyDigests,
  { checksumAlgorithm, contentMD5 }: Settings,
): Record<string, string> {
  const headers = { ...given };
  if (checksum) headers[checksumHeader(checksumAlgorithm)] = checksum.toString('base64');
  if (md5 && contentMD5) headers['content-md5'] ??= md5.toString('base64');
  return headers;
}

/** What the ETag is to be compared with: an MD5 that was not made is only worth the effort when there is nothing else. */
export function md5ToCompare(
  source: Source,
  { md5 }: BodyDigests,
  settings: Settings,
  signal: StopSignal,
): Sent['md5'] {
  if (settings.verifyETag === false) return undefined;
  return md5 ?? (async () => (await digestsOf(source, { algorithm: undefined, md5: true }, signal)).md5);
}
