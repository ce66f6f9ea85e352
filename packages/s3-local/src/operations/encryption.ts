import { createHash, randomBytes } from 'node:crypto';
import type { S3Request } from '../request.ts';
import { S3Error } from '../s3-error.ts';
import type { Encryption } from '../store/object-file.ts';

// Nothing is encrypted here. What is kept is what S3 would hold a request against, and would answer.

const prefix = 'x-amz-server-side-encryption';
const methods = new Set(['AES256', 'aws:kms', 'aws:kms:dsse']);

/** How an upload asks to be encrypted. */
export function readEncryption(request: S3Request): Encryption | undefined {
  const method = request.headers.get(prefix);
  const keyId = request.headers.get(`${prefix}-aws-kms-key-id`);
  const bucketKey = request.headers.get(`${prefix}-bucket-key-enabled`)?.toLowerCase() === 'true';
  const customerKeyMd5 = readCustomerKey(request);
  if (customerKeyMd5 !== undefined) {
    if (method === undefined) return { method: 'AES256', customerKeyMd5 };
    throw invalid(
      method,
      'Server Side Encryption with Customer provided key is incompatible with the encryption method specified',
    );
  }
  if (method !== undefined && !methods.has(method)) {
    throw invalid(method, 'The encryption method specified is not supported');
  }
  const isKms = method?.startsWith('aws:kms') ?? false;
  if (keyId !== undefined && !isKms) {
    throw new S3Error('InvalidArgument', {
      message: `Server Side Encryption with AWS KMS managed key requires HTTP header ${prefix} : aws:kms`,
      details: { ArgumentName: prefix, ArgumentValue: method ?? 'null' },
    });
  }
  if (method === undefined) return undefined;
  return { method, ...(keyId !== undefined && { keyId }), ...(isKms && bucketKey && { bucketKey }) };
}

/** What every answer about an encrypted object says. */
export function encryptionHeaders(encryption: Encryption | undefined): Record<string, string> {
  if (!encryption) return {};
  const { method, keyId, bucketKey, customerKeyMd5 } = encryption;
  if (customerKeyMd5 !== undefined) {
    return { [`${prefix}-customer-algorithm`]: method, [`${prefix}-customer-key-md5`]: customerKeyMd5 };
  }
  return {
    [prefix]: method,
    ...(keyId !== undefined && { [`${prefix}-aws-kms-key-id`]: keyId }),
    ...(bucketKey && { [`${prefix}-bucket-key-enabled`]: 'true' }),
  };
}

/** The ETag is the MD5 only of what S3 itself holds the key to. */
export function etagOf(md5: string, encryption: Encryption | undefined): string {
  const isMd5 = !encryption || (encryption.method === 'AES256' && encryption.customerKeyMd5 === undefined);
  return isMd5 ? md5 : randomBytes(16).toString('hex');
}

/** Whoever reads what was stored with a key of his own has to know that key, or those of `copy-source` for a copy. */
export function verifyMayRead(
  request: S3Request,
  encryption: Encryption | undefined,
  source: '' | 'copy-source-' = '',
): void {
  const given = readCustomerKey(request, source);
  const stored = encryption?.customerKeyMd5;
  if (given === stored) return;
  if (given === undefined) {
    throw new S3Error('InvalidRequest', {
      message:
        'The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.',
    });
  }
  if (stored === undefined) {
    throw new S3Error('InvalidRequest', {
      message: 'The encryption parameters are not applicable to this object.',
    });
  }
  throw new S3Error('AccessDenied', {
    message:
      'Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key.',
  });
}

/** A part comes with the key that its upload began with. */
export function verifyPartKey(request: S3Request, encryption: Encryption | undefined): void {
  const given = readCustomerKey(request);
  const stored = encryption?.customerKeyMd5;
  if (given === stored) return;
  throw new S3Error('InvalidRequest', {
    message:
      given === undefined || stored === undefined
        ? 'The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.'
        : 'The provided encryption parameters did not match the ones used originally.',
  });
}

/** The MD5 of a customer's key, in base64, once the three headers have been found to fit each other. */
function readCustomerKey({ headers }: S3Request, source: '' | 'copy-source-' = ''): string | undefined {
  const start = `x-amz-${source}server-side-encryption-customer-`;
  const [algorithm, key, md5] = ['algorithm', 'key', 'key-md5'].map((name) => headers.get(start + name));
  if (algorithm === undefined && key === undefined && md5 === undefined) return undefined;
  const refuse = (name: string, text: string): S3Error =>
    new S3Error('InvalidArgument', {
      message: text,
      details: { ArgumentName: start + name, ArgumentValue: headers.get(start + name) ?? 'null' },
    });
  const must = 'Requests specifying Server Side Encryption with Customer provided keys must provide';
  if (algorithm === undefined) throw refuse('algorithm', `${must} a valid encryption algorithm.`);
  if (algorithm !== 'AES256') throw new S3Error('InvalidEncryptionAlgorithmError');
  if (key === undefined) throw refuse('key', `${must} an appropriate secret key.`);
  if (md5 === undefined) throw refuse('key-md5', `${must} the client calculated MD5 of the secret key.`);
  const bytes = Buffer.from(key, 'base64');
  if (bytes.length !== 32) throw withoutKey('The secret key was invalid for the specified algorithm.', start);
  if (createHash('md5').update(bytes).digest('base64') !== md5) {
    throw withoutKey('The calculated MD5 hash of the key did not match the hash that was provided.', start);
  }
  return md5;
}

/** A secret does not go into an error. */
function withoutKey(message: string, start: string): S3Error {
  return new S3Error('InvalidArgument', { message, details: { ArgumentName: `${start}key` } });
}

function invalid(method: string, message: string): S3Error {
  return new S3Error('InvalidArgument', {
    message,
    details: { ArgumentName: prefix, ArgumentValue: method },
  });
}
