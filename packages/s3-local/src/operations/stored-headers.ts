import type { S3Request } from '../request.ts';
import { S3Error } from '../s3-error.ts';
import { unsupported } from './unsupported.ts';

const kept = new Set([
  'cache-control',
  'content-disposition',
  'content-language',
  'content-type',
  'expires',
  'x-amz-website-redirect-location',
]);

const storageClasses = new Set(
  'STANDARD REDUCED_REDUNDANCY STANDARD_IA ONEZONE_IA INTELLIGENT_TIERING GLACIER_IR'.split(' '),
);

/** What is in them has to be restored before it can be read. */
const archives = new Set(['GLACIER', 'DEEP_ARCHIVE']);

const maximumMetadataBytes = 2048;

/** What S3 keeps of an upload's headers and returns with the object. */
export function readStoredHeaders(request: S3Request): Record<string, string> {
  const stored: Record<string, string> = { 'content-type': 'binary/octet-stream' };
  let metadataBytes = 0;
  for (const [name, value] of request.headers) {
    if (kept.has(name)) stored[name] = value;
    if (!name.startsWith('x-amz-meta-')) continue;
    stored[name] = value;
    metadataBytes += name.length - 'x-amz-meta-'.length + value.length;
  }
  if (metadataBytes > maximumMetadataBytes) {
    throw new S3Error('MetadataTooLarge', {
      details: { Size: String(metadataBytes), MaxSizeAllowed: String(maximumMetadataBytes) },
    });
  }
  const encoding = readContentEncoding(request.headers.get('content-encoding'));
  if (encoding !== '') stored['content-encoding'] = encoding;
  const storageClass = readStorageClass(request);
  if (storageClass !== 'STANDARD') stored['x-amz-storage-class'] = storageClass;
  return stored;
}

function readStorageClass({ headers }: S3Request): string {
  const storageClass = headers.get('x-amz-storage-class') ?? 'STANDARD';
  if (storageClasses.has(storageClass)) return storageClass;
  if (archives.has(storageClass)) throw unsupported('x-amz-storage-class');
  throw new S3Error('InvalidStorageClass', { details: { StorageClassRequested: storageClass } });
}

/** `aws-chunked` is how the body travelled, not what it is. */
function readContentEncoding(header = ''): string {
  return header
    .split(',')
    .map((encoding) => encoding.trim())
    .filter((encoding) => encoding !== '' && encoding !== 'aws-chunked')
    .join(',');
}
