import { isDeepStrictEqual } from 'node:util';
import { isObject } from '../options/rules.ts';

/**
 * What a text has to be: that text; a match; `{ pattern, flags }`, the same where there are no regular expressions, as in a JSON
 * file; `{ json }`, JSON that contains this value: objects may have more keys; or one of which the function says true.
 */
export type TextExpectation =
  | string
  | RegExp
  | { readonly pattern: string; readonly flags?: string }
  | { readonly json: unknown }
  | ((text: string) => boolean);

/** `text` as a string is equal, or merely contains what is expected, as `kind` says. */
export function meets(text: string, expectation: TextExpectation, kind: 'equal' | 'contained'): boolean {
  if (typeof expectation === 'string')
    return kind === 'equal' ? text === expectation : text.includes(expectation);
  if (typeof expectation === 'function') return expectation(text);
  if (expectation instanceof RegExp) return text.search(expectation) !== -1;
  if ('pattern' in expectation) return text.search(new RegExp(expectation.pattern, expectation.flags)) !== -1;
  const value = parseJson(text);
  return value !== undefined && contains(value, expectation.json);
}

/** A text for a message: whole enough to tell what it is. */
export function quote(text: string): string {
  const quoted = JSON.stringify(text.slice(0, QUOTED_LENGTH));
  return text.length > QUOTED_LENGTH ? `${quoted} …` : quoted;
}

const QUOTED_LENGTH = 200;

/** Undefined when it is none. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function contains(value: unknown, wanted: unknown): boolean {
  if (!isObject(wanted)) return isDeepStrictEqual(value, wanted);
  return (
    isObject(value) &&
    Object.entries(wanted).every(([key, part]) => Object.hasOwn(value, key) && contains(value[key], part))
  );
}
