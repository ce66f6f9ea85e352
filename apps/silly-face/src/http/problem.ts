import { STATUS_CODES } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { PhotoErrorCode } from '../photo/errors.ts';
import type { RefusalCode } from '../store/refused.ts';

export type ProblemCode =
  | RefusalCode
  | Exclude<PhotoErrorCode, 'photo-missing'>
  | 'bad-request'
  | 'body-too-large'
  | 'database-unavailable'
  | 'directory-unavailable'
  | 'expectation-failed'
  | 'field-missing'
  | 'field-unexpected'
  | 'field-repeated'
  | 'headers-too-large'
  | 'host-missing'
  | 'idempotency-key-invalid'
  | 'idempotency-key-missing'
  | 'internal-error'
  | 'malformed-json'
  | 'malformed-http'
  | 'malformed-multipart'
  | 'metrics-forbidden'
  | 'no-party-process'
  | 'passwords-busy'
  | 'rate-limited'
  | 'request-timeout'
  | 'room-code-invalid'
  | 'route-not-found'
  | 'unsupported-media-type'
  | 'validation-failed';

/** Every code that a client can meet, with the status it comes with. */
export const STATUS_OF: Readonly<Record<ProblemCode, number>> = {
  'already-challenged': 409,
  'already-guessed': 409,
  'bad-request': 400,
  'body-too-large': 413,
  'database-unavailable': 503,
  'directory-unavailable': 503,
  'expectation-failed': 417,
  'field-missing': 400,
  'field-repeated': 400,
  'field-unexpected': 400,
  'headers-too-large': 431,
  'host-missing': 400,
  'idempotency-key-invalid': 400,
  'idempotency-key-missing': 400,
  'idempotency-key-reused': 422,
  'internal-error': 500,
  'malformed-http': 400,
  'malformed-json': 400,
  'malformed-multipart': 400,
  'metrics-forbidden': 403,
  'name-taken': 409,
  'no-party-process': 503,
  'not-a-choice': 422,
  'not-an-image': 415,
  'not-logged-in': 401,
  'not-your-round': 403,
  'out-of-turn': 409,
  'passwords-busy': 503,
  'photo-not-found': 404,
  'photo-too-large': 413,
  'photo-too-many-pixels': 413,
  'photos-busy': 503,
  'player-not-found': 404,
  'rate-limited': 429,
  'request-timeout': 408,
  'room-code-invalid': 422,
  'round-not-found': 404,
  'route-not-found': 404,
  'self-challenge': 422,
  'storage-unavailable': 503,
  'unknown-face': 422,
  'unsupported-media-type': 415,
  'validation-failed': 400,
  'wrong-credentials': 401,
};

/** One field that was wrong: a JSON pointer into the part that was checked, and what was expected there. */
export interface FieldError {
  readonly in: 'body' | 'params' | 'querystring' | 'headers';
  readonly pointer: string;
  readonly message: string;
}

/** What a request is answered with when it fails. `detail` is for the client's eyes. */
export class Problem extends Error {
  static {
    this.prototype.name = 'Problem';
  }

  readonly code: ProblemCode;
  readonly errors: readonly FieldError[] | undefined;

  constructor(
    code: ProblemCode,
    detail: string,
    options: { cause?: unknown; errors?: readonly FieldError[] } = {},
  ) {
    super(detail, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.errors = options.errors;
  }

  get status(): number {
    return STATUS_OF[this.code];
  }
}

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  const { status } = problem;
  if (status === 503) reply.header('retry-after', '2');
  if (status === 401) reply.header('www-authenticate', 'Bearer');
  return reply.code(status).type(PROBLEM_TYPE).send(problemBody(problem, reply.request.id));
}

/**
 * RFC 9457, with the stable `code` beside what the standard defines: it says all that a `type` of our own could. `instance` is
 * the id the log knows the request by.
 */
export function problemBody({ status, code, message, errors }: Problem, instance?: string): string {
  return JSON.stringify({
    type: 'about:blank',
    title: STATUS_CODES[status],
    status,
    detail: bounded(message),
    code,
    instance,
    errors: errors?.map((error) => ({ ...error, message: bounded(error.message) })),
  });
}

const LONGEST_TEXT = 300;

/** Texts may repeat what the client sent, and that has any length. */
function bounded(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT - 1)}…` : text;
}
