import type { Answer } from '../answer.ts';
import type { S3Request } from '../request.ts';
import type { OpenObject } from '../store/object-file.ts';
import { verifyHeader } from '../valid-header.ts';
import { readRange } from './byte-range.ts';
import { checksumHeaders, objectHeaders } from './object-headers.ts';
import { verifyMayRead } from './encryption.ts';
import { readPart } from './object-part.ts';
import { bucketOf, keyOf } from './operation.ts';
import type { Call, Operation } from './operation.ts';
import { judgeReadConditions } from './read-conditions.ts';

export const getObject: Operation = {
  name: 'GetObject',
  async run(call) {
    const object = await openOf(call);
    let answer: Answer | undefined;
    try {
      answer = answerFor(call.request, object);
      return answer;
    } finally {
      // Whoever sends the slice closes the file.
      if (typeof answer?.body !== 'object') await object.handle.close();
    }
  },
};

async function openOf(call: Call): Promise<OpenObject> {
  return (await bucketOf(call)).open(keyOf(call));
}

function answerFor(request: S3Request, { record, handle }: OpenObject): Answer {
  verifyMayRead(request, record.encryption);
  const part = readPart(request, record);
  const headers = {
    ...objectHeaders(record),
    ...(part && record.parts && { 'x-amz-mp-parts-count': String(record.parts.length) }),
    ...overrides(request),
  };
  if (judgeReadConditions(request, record) === 'not-modified') return { status: 304, headers };
  const range = part ?? readRange(request.headers.get('range'), record.bytes);
  const { start, end } = range ?? { start: 0, end: record.bytes };
  const asksChecksum = request.headers.get('x-amz-checksum-mode')?.toUpperCase() === 'ENABLED';
  const checksum = range ? part?.checksum : record.checksum;
  return {
    status: range ? 206 : 200,
    headers: {
      ...headers,
      ...(asksChecksum && checksumHeaders(checksum)),
      'content-length': String(end - start),
      ...(range && start < end && { 'content-range': `bytes ${start}-${end - 1}/${record.bytes}` }),
    },
    body: { handle, start, end },
  };
}

const overridable = new Set(
  [
    'cache-control',
    'content-disposition',
    'content-encoding',
    'content-language',
    'content-type',
    'expires',
  ].map((name) => `response-${name}`),
);

/** `?response-content-type=…` and its like, which a presigned link uses to name the file it downloads. */
function overrides({ query }: S3Request): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const { name, value } of query) {
    if (!overridable.has(name)) continue;
    const [header, bytes] = [name.slice('response-'.length), Buffer.from(value).toString('latin1')];
    verifyHeader(header, bytes);
    headers[header] = bytes;
  }
  return headers;
}
