import { invalid } from './errors.ts';

/** @throws {S3PutError} EINVALID */
export function assertKey(key: unknown): asserts key is string {
  if (typeof key !== 'string' || key === '')
    throw invalid(`Expected the key to be a non-empty string, got ${String(key)}`);
  if (/\p{Surrogate}/u.test(key))
    throw invalid('Expected the key to be Unicode, got one with half a surrogate pair');
  const bytes = Buffer.byteLength(key);
  if (bytes > LONGEST_KEY_BYTES)
    throw invalid(`Expected the key to have at most ${LONGEST_KEY_BYTES} bytes, got ${bytes}`);
}

/** S3's limit, counted in UTF-8. */
const LONGEST_KEY_BYTES = 1024;
