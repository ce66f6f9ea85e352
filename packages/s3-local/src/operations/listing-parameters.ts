import { parameter } from '../request.ts';
import type { S3Request } from '../request.ts';
import { S3Error } from '../s3-error.ts';

const mostPerPage = 1000;

/** `max-keys` and its like: 1,000 unless told, and never more. */
export function readMaximum(request: S3Request, name: string): number {
  return Math.min(mostPerPage, readNumber(request, name) ?? mostPerPage);
}

export function readNumber(request: S3Request, name: string): number | undefined {
  const text = parameter(request, name);
  if (text === undefined || text === '') return undefined;
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new S3Error('InvalidArgument', {
    message: `Provided ${name} not an integer or within integer range`,
    details: { ArgumentName: name, ArgumentValue: text },
  });
}

/** `encoding-type=url` exists because XML cannot carry every key. */
export function readEncoding(request: S3Request): (text: string) => string {
  const type = parameter(request, 'encoding-type');
  if (type === undefined) return (text) => text;
  if (type === 'url') return (text) => encodeURIComponent(text).replaceAll('%2F', '/').replaceAll('%20', '+');
  throw new S3Error('InvalidArgument', {
    message: 'Invalid Encoding Method specified in Request',
    details: { ArgumentName: 'encoding-type', ArgumentValue: type },
  });
}
