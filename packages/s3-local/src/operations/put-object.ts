import { quoted } from '../answer.ts';
import type { RequestBody } from '../body/request-body.ts';
import type { S3Request } from '../request.ts';
import { S3Error } from '../s3-error.ts';
import { readWriteConditions, verifyWriteConditions } from '../store/write-conditions.ts';
import { encryptionHeaders, etagOf } from './encryption.ts';
import { checksumHeaders } from './object-headers.ts';
import { bucketOf, keyOf } from './operation.ts';
import type { Operation } from './operation.ts';
import { readTraits } from './object-traits.ts';

export const maximumBytes = 5 * 1024 ** 3;

export const putObject: Operation = {
  name: 'PutObject',
  async run(call) {
    const { request, body, store } = call;
    const key = keyOf(call);
    verifyDeclaredSize(request, body);
    const traits = readTraits(request);
    const conditions = readWriteConditions(request);
    const bucket = await bucketOf(call);
    // Looked at before the body is sent for nothing, and once more when the object takes its place.
    verifyWriteConditions(conditions, await bucket.record(key));

    return store.writing(async (writer) => {
      const { bytes, md5, checksum } = await body.receive((piece) => writer.write(piece));
      const stored = checksum && ({ ...checksum, type: 'FULL_OBJECT' } as const);
      const etag = etagOf(md5, traits.encryption);
      const record = {
        ...traits,
        key,
        bytes,
        etag,
        lastModifiedMs: Date.now(),
        ...(stored && { checksum: stored }),
      };
      await bucket.publish(record, writer, conditions);
      return {
        status: 200,
        headers: {
          etag: quoted(etag),
          ...checksumHeaders(stored),
          ...encryptionHeaders(traits.encryption),
        },
      };
    });
  },
};

/** S3 wants to know a body's size before the body comes. */
export function verifyDeclaredSize({ headers }: S3Request, body: RequestBody): void {
  if (body.declaredBytes === undefined) {
    if (headers.has('transfer-encoding') && !body.isFramed) {
      throw new S3Error('NotImplemented', { details: { Header: 'Transfer-Encoding' } });
    }
    throw new S3Error('MissingContentLength');
  }
  verifySize(body.declaredBytes);
}

export function verifySize(bytes: number, most = maximumBytes): void {
  if (bytes <= most) return;
  throw new S3Error('EntityTooLarge', {
    details: { ProposedSize: String(bytes), MaxSizeAllowed: String(most) },
  });
}
