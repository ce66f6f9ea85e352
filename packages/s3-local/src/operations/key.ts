import { S3Error } from '../s3-error.ts';

const maximumKeyBytes = 1024;

export function verifyKey(key: string): void {
  const bytes = Buffer.byteLength(key);
  if (bytes <= maximumKeyBytes) return;
  throw new S3Error('KeyTooLongError', {
    details: { Size: String(bytes), MaxSizeAllowed: String(maximumKeyBytes) },
  });
}
