import { constants } from 'node:os';
import { SupervisorError } from '../errors.ts';
import { didYouMean } from './suggestion.ts';

/** Throws `INVALID_OPTION` for a value that is not right; `path` is what the message calls it. */
export type Rule = (value: unknown, path: string) => void;

/** One for each key of some options. */
export type Rules<T> = Record<keyof Required<T>, Rule>;

export function invalidOption(message: string): SupervisorError {
  return new SupervisorError('INVALID_OPTION', message);
}

/** Throws `INVALID_OPTION` when something is no object, lacks a required key, or has one that is unknown or wrong. */
export function checkKeys(
  value: unknown,
  path: string,
  rules: Record<string, Rule>,
  required: readonly string[] = [],
): void {
  if (!isObject(value)) throw expected(path || 'options', 'an object', value);
  for (const key of Object.keys(value)) {
    if (!Object.hasOwn(rules, key)) throw unknownOption(path, key, Object.keys(rules));
  }
  for (const [key, check] of Object.entries(rules)) {
    if (value[key] !== undefined || required.includes(key)) check(value[key], join(path, key));
  }
}

function unknownOption(path: string, key: string, known: readonly string[]): SupervisorError {
  return invalidOption(`Unknown option \`${join(path, key)}\`${didYouMean(key, known)}`);
}

export function rule(what: string, isRight: (value: unknown) => boolean): Rule {
  return (value, path) => {
    if (!isRight(value)) throw expected(path, what, value);
  };
}

/** One of these words. */
export function oneOf(...words: readonly string[]): Rule {
  const listed = words.map((word) => `'${word}'`);
  const what = `${listed.slice(0, -1).join(', ')} or ${listed.at(-1)}`;
  return rule(what, (value) => words.includes(value as string));
}

export function listOf(check: Rule): Rule {
  return (value, path) => {
    if (!Array.isArray(value)) throw expected(path, 'an array', value);
    for (const [index, item] of value.entries()) check(item, `${path}[${index}]`);
  };
}

export function recordOf(check: Rule): Rule {
  return (value, path) => {
    if (!isObject(value)) throw expected(path, 'an object', value);
    for (const [key, item] of Object.entries(value)) {
      if (item !== undefined) check(item, join(path, key));
    }
  };
}

// Timers of Node.js take 31 bits and fire at once beyond that.
export const MAX_DURATION_MS = 2 ** 31 - 1;

export const text = rule('a non-empty string', (value) => typeof value === 'string' && value !== '');
export const anyText = rule('a string', (value) => typeof value === 'string');
export const flag = rule('a boolean', (value) => typeof value === 'boolean');
export const port = rule('a port from 0 to 65535', (value) => isWhole(value, 0) && value <= 65_535);
export const count = rule('a positive integer', (value) => isWhole(value, 1));
export const duration = rule(
  `a positive number of milliseconds up to ${MAX_DURATION_MS}`,
  (value) => isNumber(value) && value > 0 && value <= MAX_DURATION_MS,
);
export const delay = rule(
  `a number of milliseconds from 0 to ${MAX_DURATION_MS}`,
  (value) => isNumber(value) && value >= 0 && value <= MAX_DURATION_MS,
);
export const share = rule('a number from 0 to 1', (value) => isNumber(value) && value >= 0 && value <= 1);
export const signal = rule(
  'the name of a signal',
  (value) => typeof value === 'string' && value in constants.signals,
);
export const callback = rule('a function', (value) => typeof value === 'function');

function expected(path: string, what: string, value: unknown): SupervisorError {
  return invalidOption(`Expected \`${path}\` to be ${what}, got ${describe(value)}`);
}

export function describe(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > 100 ? `${value.slice(0, 100)}…` : value}'`;
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'function') return 'a function';
  return value !== null && typeof value === 'object' ? 'an object' : String(value);
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

export function isWhole(value: unknown, min: number): value is number {
  return Number.isInteger(value) && (value as number) >= min;
}
