import { quoted, xmlAnswer, xmlTime } from '../answer.ts';
import { checksumElement, startDigest } from '../checksum/algorithm.ts';
import { S3Error } from '../s3-error.ts';
import type { S3Request } from '../request.ts';
import { bytesOf } from '../store/object-file.ts';
import type { ObjectRecord, ObjectTraits } from '../store/object-file.ts';
import { readWriteConditions, verifyWriteConditions } from '../store/write-conditions.ts';
import { openCopySource, readCopySource } from './copy-source.ts';
import { encryptionHeaders, etagOf } from './encryption.ts';
import { readChecksumAlgorithm } from './multipart-checksum.ts';
import { readTraits } from './object-traits.ts';
import { bucketOf, keyOf } from './operation.ts';
import type { Operation } from './operation.ts';

export const copyObject: Operation = {
  name: 'CopyObject',
  async run(call) {
    const { request, store } = call;
    const source = readCopySource(request);
    const given = readTraits(request);
    const replaces = readDirective(request, 'metadata') === 'REPLACE';
    const replacesTags = readDirective(request, 'tagging') === 'REPLACE';
    const askedAlgorithm = readChecksumAlgorithm(request);
    const key = keyOf(call);
    const target = await bucketOf(call);
    if (source.bucket === target.name && source.key === key && !replaces && !changesItself(request)) {
      throw new S3Error('InvalidRequest', {
        message:
          "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
      });
    }
    const conditions = readWriteConditions(request);
    verifyWriteConditions(conditions, await target.record(key));

    const { record: original, handle } = await openCopySource(call, source);
    try {
      return await store.writing(async (writer) => {
        const md5 = startDigest('MD5');
        // A copy is in one piece, even of an object that came in parts: its ETag and its checksum are of the whole.
        const algorithm = askedAlgorithm ?? original.checksum?.algorithm;
        const checksum = algorithm && startDigest(algorithm);
        for await (const piece of bytesOf(handle, original.bytes)) {
          md5.update(piece);
          checksum?.update(piece);
          await writer.write(piece);
        }
        const copy: ObjectRecord = {
          ...given,
          headers: replaces ? given.headers : copiedHeaders(original, given),
          ...(!replacesTags && { tags: original.tags ?? [] }),
          key,
          bytes: original.bytes,
          etag: etagOf(md5.digest().toString('hex'), given.encryption),
          lastModifiedMs: Date.now(),
          ...(algorithm &&
            checksum && {
              checksum: { algorithm, value: checksum.digest().toString('base64'), type: 'FULL_OBJECT' },
            }),
        };
        await target.publish(copy, writer, conditions);
        const result = {
          LastModified: xmlTime(copy.lastModifiedMs),
          ETag: quoted(copy.etag),
          ...(copy.checksum && {
            [checksumElement(copy.checksum.algorithm)]: copy.checksum.value,
            ChecksumType: copy.checksum.type,
          }),
        };
        return xmlAnswer('CopyObjectResult', result, encryptionHeaders(copy.encryption));
      });
    } finally {
      await handle.close();
    }
  },
};

function readDirective({ headers }: S3Request, what: 'metadata' | 'tagging'): 'COPY' | 'REPLACE' {
  const name = `x-amz-${what}-directive`;
  const directive = headers.get(name) ?? 'COPY';
  if (directive === 'COPY' || directive === 'REPLACE') return directive;
  throw new S3Error('InvalidArgument', {
    message: what === 'metadata' ? 'Unknown metadata directive.' : 'Unknown tagging directive.',
    details: { ArgumentName: name, ArgumentValue: directive },
  });
}

/** These are each object's own, and never copied. */
const ownHeaders = new Set(['x-amz-storage-class', 'x-amz-website-redirect-location']);

function changesItself({ headers }: S3Request): boolean {
  return [...headers.keys()].some(
    (name) => ownHeaders.has(name) || name.startsWith('x-amz-server-side-encryption'),
  );
}

function copiedHeaders(original: ObjectTraits, given: ObjectTraits): Record<string, string> {
  const isOwn = ([name]: [string, string]): boolean => ownHeaders.has(name);
  return Object.fromEntries([
    ...Object.entries(original.headers).filter((entry) => !isOwn(entry)),
    ...Object.entries(given.headers).filter(isOwn),
  ]);
}
