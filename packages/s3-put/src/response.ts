import type { ProxyAnswer, S3Refusal } from './errors.ts';
import { Failure } from './failure.ts';
import { element, unescaped } from './xml.ts';

/** What came back over the wire. */
export interface WireAnswer {
  statusCode: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  /** At most `ANSWER_BYTES` of it. */
  body: Buffer;
}

/** S3's error documents have less than one KiB, its successes nothing; more than this is a page that nobody needs whole. */
export const ANSWER_BYTES = 64 * 1024;

/** Why this answer is no success, or undefined. */
export function refusalIn(answer: WireAnswer): Failure | undefined {
  if (answer.body.byteLength === 0 && isSuccess(answer.statusCode)) return undefined;
  const text = answer.body.toString('utf8');
  const refusal = s3Refusal(answer, text);
  if (refusal !== undefined) return s3Failure(answer, refusal);
  return isSuccess(answer.statusCode) ? undefined : proxyFailure(answer, text);
}

const isSuccess = (statusCode: number): boolean => statusCode >= 200 && statusCode < 300;

/** A success that lacks what S3 always answers: a captive portal's, or a misrouted proxy's. */
export const notFromS3 = (answer: WireAnswer, lacks: string): Failure =>
  proxyFailure(answer, answer.body.toString('utf8'), lacks);

/** What S3 says is wrong, also under a 200, which some operations answer before they know; undefined when it was not S3. */
function s3Refusal({ statusCode, headers }: WireAnswer, text: string): S3Refusal | undefined {
  const document = /<Error(?:\s[^>]*)?>([\s\S]*)<\/Error>/.exec(text)?.[1];
  const code = document === undefined ? undefined : element(document, 'Code');
  const requestId = headers['x-amz-request-id'];
  // A refusal without a document (an empty 403, a 412 to some requests) is S3's if it carries S3's request id.
  if (code === undefined && (requestId === undefined || statusCode < 300 || text.trim() !== ''))
    return undefined;
  return {
    code,
    message: document && element(document, 'Message'),
    requestId: requestId ?? (document && element(document, 'RequestId')),
    hostId: headers['x-amz-id-2'] ?? (document && element(document, 'HostId')),
    resource: document && element(document, 'Resource'),
    region: headers['x-amz-bucket-region'] ?? (document && element(document, 'Region')),
    endpoint: document && element(document, 'Endpoint'),
  };
}

function s3Failure(answer: WireAnswer, s3: S3Refusal): Failure {
  const parts = [`S3 answered ${answer.statusCode}`, s3.code, s3.message && `- ${s3.message}`].filter(
    Boolean,
  );
  const hints = [
    s3.region && isRedirect(answer.statusCode, s3.code) && `the bucket is in ${s3.region}`,
    s3.endpoint && `use the endpoint ${s3.endpoint}`,
    s3.requestId && `request id ${s3.requestId}`,
  ].filter(Boolean);
  return new Failure(parts.join(' ') + (hints.length > 0 ? ` (${hints.join(', ')})` : ''), {
    source: 's3',
    code: 'ES3',
    retryable: isPassing(answer.statusCode) || answer.statusCode < 300 || PASSING_CODES.has(s3.code ?? ''),
    s3,
    answer,
  });
}

function proxyFailure(answer: WireAnswer, text: string, lacks?: string): Failure {
  const { statusCode, headers } = answer;
  const proxy: ProxyAnswer = {
    server: headers['server'],
    contentType: headers['content-type'],
    excerpt: plainText(text),
  };
  const who = proxy.server === undefined ? 'somebody' : proxy.server;
  const page = proxy.excerpt === '' ? 'with an empty body' : `"${proxy.excerpt}"`;
  const what = lacks === undefined ? page : `without ${lacks}`;
  return new Failure(`${who}, not S3, answered ${statusCode} ${what}`, {
    source: 'proxy',
    code: 'EPROXY',
    retryable: isPassing(statusCode),
    proxy,
    answer,
  });
}

const isPassing = (statusCode: number): boolean =>
  statusCode >= 500 ? statusCode !== 501 : [408, 425, 429].includes(statusCode);

/** Told under a 4xx or a 200, and gone after a while all the same. */
const PASSING_CODES = new Set([
  'InternalError',
  'OperationAborted',
  'RequestTimeout',
  // The client has the right time from this very answer.
  'RequestTimeTooSkewed',
  'ServiceUnavailable',
  'SlowDown',
]);

const isRedirect = (statusCode: number, code = ''): boolean =>
  statusCode === 301 ||
  statusCode === 307 ||
  code === 'AuthorizationHeaderMalformed' ||
  code === 'IllegalLocationConstraintException';

function plainText(page: string): string {
  const visible = page.replaceAll(/<(style|script)\b[\s\S]*?<\/\1>/gi, ' ').replaceAll(/<[^>]*>/g, ' ');
  const text = unescaped(visible)
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  return text.length > 200 ? `${text.slice(0, 199)}…` : text;
}
