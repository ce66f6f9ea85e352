import { fileURLToPath } from 'node:url';

/** The most calls of this package between its user and here. */
const ownCalls = 12;
const ownDirectory = new URL('.', import.meta.url).href;
/** Loaders that turn modules into scripts show paths instead of URLs. */
const ownPath = fileURLToPath(ownDirectory);

/**
 * The calls that have led here, without those of this package. As text at once: until it is text, a stack holds on to every
 * `this` in it, and a client that its taker keeps in a field would never be seen to be forgotten.
 */
export function takerStack(): string | undefined {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = stackTraceLimit + ownCalls;
  const { stack } = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  // A program may have put something else than text in its place.
  if (typeof stack !== 'string') return undefined;
  const calls = stack.split('\n').filter((line) => line.startsWith('    at '));
  const theirs = calls.filter((line) => !line.includes(ownDirectory) && !line.includes(ownPath));
  // In a bundle everything is one file.
  const shown = theirs.length > 0 ? theirs : calls;
  return shown.slice(0, stackTraceLimit).join('\n') || undefined;
}
