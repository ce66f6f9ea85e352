import { S3LocalError } from '../errors.ts';
import { operationNames } from '../router.ts';
import type { Fault } from './fault.ts';

const largest = Number.MAX_SAFE_INTEGER;

/** What each field may be. */
const expectations: { readonly [Name in keyof Required<Fault>]: Expectation } = {
  operation: oneOf(...operationNames),
  method: text(),
  bucket: text(),
  key: text(),
  partNumber: integer(1, 10_000),
  after: integer(0, largest),
  times: integer(1, largest),
  // Node's timers end there.
  delayMs: integer(0, 2_147_483_647),
  delayAfterBytes: integer(0, largest),
  withholdContinue: flag(),
  repeatContinue: flag(),
  resetAfterBytes: integer(0, largest),
  status: {
    holds: (value) => value === 200 || integer(400, 599).holds(value),
    expected: '200 or an integer from 400 to 599',
  },
  code: text(),
  page: oneOf('nginx', 'empty'),
  withoutRequestId: flag(),
  redirect: { holds: isRedirect, expected: '{ status: 301 | 307, endpoint, region }' },
  afterBody: flag(),
  withholdAnswer: flag(),
  etag: oneOf('wrong', 'missing'),
  checksum: oneOf('wrong', 'missing'),
  truncateAfterBytes: integer(0, largest),
};

/** Of these, a request can meet one only: each is the end of it. */
const endings = ['status', 'redirect', 'resetAfterBytes', 'withholdAnswer'] as const;
const changes = ['etag', 'checksum', 'truncateAfterBytes'] as const;
const others = ['delayMs', 'withholdContinue', 'repeatContinue'] as const;

export function validateFault(fault: Fault): void {
  if (typeof fault !== 'object' || fault === null)
    throw invalid(`Expected a fault to be an object, got ${String(fault)}`);
  for (const [name, value] of Object.entries(fault)) {
    if (!isFieldName(name)) throw invalid(`Unknown option \`${name}\` of a fault`);
    const { holds, expected } = expectations[name];
    if (value === undefined || holds(value)) continue;
    throw invalid(`Expected \`${name}\` of a fault to be ${expected}, got ${shown(value)}`);
  }
  const given = (name: keyof Fault): boolean => fault[name] !== undefined && fault[name] !== false;
  const needs = (name: keyof Fault, ...oneOfThese: readonly (keyof Fault)[]): void => {
    if (!given(name) || oneOfThese.some(given)) return;
    throw invalid(`Expected \`${name}\` of a fault to come with ${list(oneOfThese, 'or')}`);
  };
  const alone = (names: readonly (keyof Fault)[]): void => {
    const together = names.filter(given);
    if (together.length > 1)
      throw invalid(`Expected a fault with one of ${list(together, 'and')}, got all of them`);
  };
  if (![...endings, ...changes, ...others].some(given)) {
    throw invalid(`Expected a fault with at least one of ${list([...endings, ...changes, ...others], 'or')}`);
  }
  alone(endings);
  for (const change of changes) for (const ending of endings) alone([ending, change]);
  alone(['code', 'page']);
  alone(['withholdContinue', 'repeatContinue']);
  needs('status', 'code', 'page');
  needs('code', 'status');
  needs('page', 'status');
  needs('withoutRequestId', 'status', 'redirect');
  needs('afterBody', 'status', 'redirect');
  needs('delayAfterBytes', 'delayMs');
}

interface Expectation {
  readonly holds: (value: unknown) => boolean;
  readonly expected: string;
}

function integer(least: number, most: number): Expectation {
  return {
    holds: (value) => Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most,
    expected: `an integer from ${least} to ${most}`,
  };
}

function text(): Expectation {
  return { holds: (value) => typeof value === 'string' && value !== '', expected: 'a non-empty string' };
}

function flag(): Expectation {
  return { holds: (value) => typeof value === 'boolean', expected: 'a boolean' };
}

function oneOf(...values: readonly string[]): Expectation {
  return { holds: (value) => values.includes(String(value)), expected: `one of ${values.join(', ')}` };
}

function isRedirect(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { status, endpoint, region, ...rest } = value as Record<string, unknown>;
  return (
    (status === 301 || status === 307) &&
    typeof endpoint === 'string' &&
    // It goes into a header.
    /^[\w.:[\]-]+$/.test(endpoint) &&
    typeof region === 'string' &&
    /^[\w-]+$/.test(region) &&
    Object.keys(rest).length === 0
  );
}

function isFieldName(name: string): name is keyof Fault {
  return Object.hasOwn(expectations, name);
}

function list(names: readonly string[], conjunction: 'or' | 'and'): string {
  const quoted = names.map((name) => `\`${name}\``);
  const last = quoted.pop() ?? '';
  return quoted.length === 0 ? last : `${quoted.join(', ')} ${conjunction} ${last}`;
}

function shown(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}

function invalid(message: string): S3LocalError {
  return new S3LocalError('EINVALIDOPTION', message);
}
