import {
  anyText,
  checkKeys,
  count,
  flag,
  isObject,
  isWhole,
  listOf,
  port,
  recordOf,
  rule,
  text,
  type Rule,
  type Rules,
} from '../options/rules.ts';
import type { EndpointOptions } from './endpoint.ts';
import type { HttpCheckOptions } from './http-check.ts';
import type { LineCheckOptions, LineStep } from './line-check.ts';

const endpointRules: Rules<EndpointOptions> = { port, host: text, socket: text, socketPath: text };

const status = rule('an HTTP status', (value) => isStatus(value));

const expectation: Rule = rule(
  'a string, a RegExp, { pattern }, { json } or a function',
  (value) =>
    typeof value === 'string' ||
    typeof value === 'function' ||
    value instanceof RegExp ||
    (isObject(value) && ('json' in value || isPattern(value))),
);

export const tcpCheckRules = endpointRules;

export const httpCheckRules: Rules<HttpCheckOptions> = {
  ...endpointRules,
  path: rule(
    'a path that begins with a slash',
    (value) => typeof value === 'string' && value.startsWith('/'),
  ),
  headers: recordOf(anyText),
  status: (value, path) => {
    if (!Array.isArray(value)) return status(value, path);
    rule('an HTTP status or two, the lower one first', () => isStatusRange(value))(value, path);
  },
  body: expectation,
  maxBodyBytes: count,
  tls: flag,
  servername: text,
  rejectUnauthorized: flag,
};

const stepRules: Rules<LineStep> = {
  send: rule(
    'a string without line ends or { json }',
    (value) => (typeof value === 'string' && !/[\r\n]/.test(value)) || (isObject(value) && 'json' in value),
  ),
  expect: expectation,
};

export const lineCheckRules: Rules<LineCheckOptions> = {
  ...endpointRules,
  ...stepRules,
  greeting: (value, path) => {
    if (value !== false) expectation(value, path);
  },
  steps: listOf((value, path) => checkKeys(value, path, stepRules)),
  lineEnding: rule("'\\r\\n' or '\\n'", (value) => value === '\r\n' || value === '\n'),
  maxBytes: count,
};

function isStatus(value: unknown): value is number {
  return isWhole(value, 100) && value <= 599;
}

function isStatusRange([from, to, ...rest]: readonly unknown[]): boolean {
  return isStatus(from) && isStatus(to) && from <= to && rest.length === 0;
}

function isPattern({ pattern, flags = '' }: Record<string, unknown>): boolean {
  if (typeof pattern !== 'string' || typeof flags !== 'string') return false;
  try {
    return new RegExp(pattern, flags) instanceof RegExp;
  } catch {
    return false;
  }
}
