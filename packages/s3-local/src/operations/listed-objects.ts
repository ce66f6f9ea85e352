import { quoted, xmlTime } from '../answer.ts';
import type { ObjectRecord } from '../store/object-file.ts';
import type { XmlTree } from '../xml.ts';
import type { PageItem } from './page.ts';

/** The lines of a page of objects, as both versions of the listing have them. */
export function listedObjects(
  items: readonly PageItem<ObjectRecord>[],
  encode: (text: string) => string,
  owner: XmlTree | undefined,
): XmlTree {
  return {
    Contents: items.flatMap((item) => ('record' in item ? [contents(item.record, encode, owner)] : [])),
    CommonPrefixes: items.flatMap((item) => ('prefix' in item ? [{ Prefix: encode(item.prefix) }] : [])),
  };
}

function contents(
  record: ObjectRecord,
  encode: (text: string) => string,
  owner: XmlTree | undefined,
): XmlTree {
  return {
    Key: encode(record.key),
    LastModified: xmlTime(record.lastModifiedMs),
    ETag: quoted(record.etag),
    ...(record.checksum && {
      ChecksumAlgorithm: record.checksum.algorithm,
      ChecksumType: record.checksum.type,
    }),
    Size: record.bytes,
    Owner: owner,
    StorageClass: record.headers['x-amz-storage-class'] ?? 'STANDARD',
  };
}
