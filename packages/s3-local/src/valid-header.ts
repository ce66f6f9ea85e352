import { validateHeaderName, validateHeaderValue } from 'node:http';
import { S3Error } from './s3-error.ts';

/** Refuses what came by another way than a header, and could not be sent as one. */
export function verifyHeader(name: string, value: string): void {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch (cause) {
    throw new S3Error('InvalidArgument', {
      message: 'The value cannot be sent as a header',
      details: { ArgumentName: name, ArgumentValue: value },
      cause,
    });
  }
}
