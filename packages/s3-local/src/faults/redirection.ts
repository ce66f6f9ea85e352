import type { IncomingMessage } from 'node:http';
import type { Answer } from '../answer.ts';
import { refusal } from '../refusal.ts';
import type { RequestIds, S3Request } from '../request.ts';
import { S3Error } from '../s3-error.ts';
import type { Redirect } from './fault.ts';

/**
 * The documents of a bucket that is elsewhere. Only the temporary one has a `Location`: S3 wants clients to know an
 * address before they send there for good.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html
 */
export function redirection(
  { status, endpoint, region }: Redirect,
  request: S3Request,
  message: IncomingMessage,
  ids: RequestIds,
): Answer {
  const details = { Endpoint: endpoint, Bucket: request.bucket ?? '' };
  const error = new S3Error(status === 301 ? 'PermanentRedirect' : 'TemporaryRedirect', { details });
  const { headers, ...answer } = refusal(error, ids, message);
  return {
    ...answer,
    headers: {
      ...headers,
      'x-amz-bucket-region': region,
      ...(status === 307 && { location: `http://${endpoint}${message.url ?? ''}` }),
    },
  };
}
