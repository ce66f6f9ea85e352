import { quoted } from '../answer.ts';
import { checksumHeader } from '../checksum/algorithm.ts';
import { encryptionHeaders } from './encryption.ts';
import type { ObjectRecord, StoredChecksum } from '../store/object-file.ts';

/** The headers that GET and HEAD answer with, besides those about the length. */
export function objectHeaders(record: ObjectRecord): Record<string, string> {
  return {
    ...record.headers,
    ...(record.tags && record.tags.length > 0 && { 'x-amz-tagging-count': String(record.tags.length) }),
    ...encryptionHeaders(record.encryption),
    'accept-ranges': 'bytes',
    etag: quoted(record.etag),
    'last-modified': new Date(record.lastModifiedMs).toUTCString(),
  };
}

export function checksumHeaders(checksum: StoredChecksum | undefined): Record<string, string> {
  if (!checksum) return {};
  return {
    [checksumHeader(checksum.algorithm)]: checksum.value,
    'x-amz-checksum-type': checksum.type,
  };
}
