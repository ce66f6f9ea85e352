import type { ObjectTraits } from '../store/object-file.ts';
import { readAcl } from './acl.ts';
import { readEncryption } from './encryption.ts';
import type { Call } from './operation.ts';
import { readStoredHeaders } from './stored-headers.ts';
import { readTags } from './tags.ts';

/** What an upload says about its object, besides the bytes. */
export function readTraits(request: Call['request']): ObjectTraits {
  const [tags, encryption, acl] = [readTags(request), readEncryption(request), readAcl(request)];
  return {
    headers: readStoredHeaders(request),
    ...(tags.length > 0 && { tags }),
    ...(encryption && { encryption }),
    ...(acl !== 'private' && { acl }),
  };
}
