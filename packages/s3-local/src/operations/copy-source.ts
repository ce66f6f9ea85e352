import { S3Error } from '../s3-error.ts';
import type { S3Request } from '../request.ts';
import type { ObjectRecord, OpenObject } from '../store/object-file.ts';
import { verifyMayRead } from './encryption.ts';
import type { Call } from './operation.ts';
import { judgeReadConditions } from './read-conditions.ts';

export interface CopySource {
  readonly bucket: string;
  readonly key: string;
}

/** `x-amz-copy-source: /bucket/key`, percent-encoded, the first slash being optional. */
export function readCopySource({ headers }: S3Request): CopySource {
  const header = headers.get('x-amz-copy-source') ?? '';
  const [path = '', version] = header.split('?versionId=');
  const match = /^\/?([^/]+)\/(.+)$/s.exec(decoded(path));
  if (!match || (version ?? 'null') !== 'null') throw invalidSource(header);
  return { bucket: match[1] ?? '', key: match[2] ?? '' };
}

/** Opens what is to be copied, if its conditions hold and its key is known. The caller closes the handle. */
export async function openCopySource({ request, store }: Call, source: CopySource): Promise<OpenObject> {
  const object = await (await store.bucket(source.bucket)).open(source.key);
  try {
    verifyMayRead(request, object.record.encryption, 'copy-source-');
    verifySourceConditions(request, object.record);
    return object;
  } catch (error) {
    await object.handle.close();
    throw error;
  }
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw invalidSource(path);
  }
}

function invalidSource(value: string): S3Error {
  return new S3Error('InvalidArgument', {
    message: 'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
    details: { ArgumentName: 'x-amz-copy-source', ArgumentValue: value },
  });
}

/** A copy knows no "not modified": whatever does not hold about its source is a failure. */
function verifySourceConditions(request: S3Request, source: ObjectRecord): void {
  const prefix = 'x-amz-copy-source-';
  const headers = new Map(
    [...request.headers]
      .filter(([name]) => name.startsWith(`${prefix}if-`))
      .map(([name, value]) => [name.slice(prefix.length), value]),
  );
  if (judgeReadConditions({ ...request, headers }, source) === 'not-modified') {
    throw new S3Error('PreconditionFailed');
  }
}
