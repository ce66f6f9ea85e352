import type { FastifyError, FastifyInstance } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { DirectoryError } from '../directory/directory.ts';
import { PhotoError } from '../photo/errors.ts';
import { isDatabaseUnavailable } from '../store/database.ts';
import { PasswordsBusy } from '../store/passwords.ts';
import { Refused } from '../store/refused.ts';
import { Problem, type ProblemCode, sendProblem } from './problem.ts';

/** Every failure leaves as application/problem+json, also those of the framework. */
export function answerFailures(app: FastifyInstance): void {
  app.setNotFoundHandler((request, reply) =>
    sendProblem(
      reply,
      new Problem('route-not-found', `There is no ${request.method} ${request.url.split('?')[0]}`),
    ),
  );
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    // Not at `error`: a service that is down is told once a request, and the client tries again.
    if (problem.status === 503) request.log.warn({ err: error }, problem.code);
    if (problem.status === 500) request.log.error({ err: error }, problem.code);
    return sendProblem(reply, problem);
  });
}

export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof Refused) return new Problem(error.code, error.message);
  if (error instanceof PasswordsBusy) return new Problem(error.code, error.message);
  if (error instanceof PhotoError) return photoProblem(error);
  if (error instanceof DirectoryError) return directoryProblem(error);
  if (isDatabaseUnavailable(error))
    return new Problem('database-unavailable', 'The database does not answer: try again soon', {
      cause: error,
    });
  if (hasZodFastifySchemaValidationErrors(error)) return validationProblem(error);
  return frameworkProblem(error);
}

function photoProblem({ code, message }: PhotoError): Problem {
  if (code === 'storage-unavailable')
    return new Problem(code, 'The storage of the photos does not answer: try again soon');
  if (code === 'photo-missing') return new Problem('internal-error', 'The photo is lost');
  return new Problem(code, message);
}

function directoryProblem(error: DirectoryError): Problem {
  const { code } = error;
  if (code === 'no-process') return new Problem('no-party-process', 'No party takes place at the moment');
  if (code === 'directory-unavailable')
    return new Problem(code, 'The directory of the parties does not answer: try again soon', {
      cause: error,
    });
  return frameworkProblem(error);
}

function validationProblem(error: Pick<FastifyError, 'validation' | 'validationContext'>): Problem {
  const where = error.validationContext ?? 'body';
  const errors = (error.validation ?? []).map(({ instancePath, message = 'is wrong' }) => ({
    in: where,
    pointer: instancePath === '/' ? '' : instancePath,
    message,
  }));
  return new Problem('validation-failed', `The request's ${where} is not as it has to be`, { errors });
}

const FRAMEWORK_CODES: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed-json',
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed-json',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_MAX_PARAM_LENGTH: 'route-not-found',
};

/** What fastify itself refused; anything else is our own fault, and its words stay in the log. */
function frameworkProblem(error: unknown): Problem {
  const { statusCode = 500, code, message } = error as Partial<FastifyError>;
  const known = code === undefined ? undefined : FRAMEWORK_CODES[code];
  if (known) return new Problem(known, message ?? known);
  if (statusCode >= 400 && statusCode < 500) return new Problem('bad-request', message ?? 'Bad request');
  return new Problem('internal-error', 'Something went wrong, and it is logged', { cause: error });
}
