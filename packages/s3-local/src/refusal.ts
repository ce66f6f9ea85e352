import type { IncomingMessage } from 'node:http';
import type { Answer } from './answer.ts';
import type { RequestIds } from './request.ts';
import type { S3Error } from './s3-error.ts';
import { writePlainXml } from './xml.ts';

/** An error as S3 writes it. */
export function refusal(error: S3Error, ids: RequestIds, message: IncomingMessage): Answer {
  return {
    status: error.status,
    headers: { 'content-type': 'application/xml' },
    body: writePlainXml('Error', {
      Code: error.code,
      Message: error.message,
      ...error.details,
      Resource: resourceOf(message),
      RequestId: ids.requestId,
      HostId: ids.hostId,
    }),
  };
}

function resourceOf({ url = '' }: IncomingMessage): string {
  const question = url.indexOf('?');
  return question === -1 ? url : url.slice(0, question);
}
