import type { PutAnswer } from './answer.ts';
import type { S3PutError } from './errors.ts';
import type { PutHeaders } from './headers.ts';
import type { PutOptions } from './options.ts';

export type PutCallback = (error: S3PutError | null, answer?: PutAnswer) => void;

/** The two forms of a method: what follows its first arguments is headers, options and callback, each optional. */
export function inBothForms(
  rest: unknown[],
  put: (headers: PutHeaders, options: PutOptions) => Promise<PutAnswer>,
): Promise<PutAnswer> | void {
  const callback = typeof rest.at(-1) === 'function' ? (rest.pop() as PutCallback) : undefined;
  const [headers = {}, options = {}] = rest as [PutHeaders?, PutOptions?];
  const promise = put(headers, options);
  if (callback === undefined) return promise;
  // On a tick of its own: what a callback throws is an uncaught exception, as of any callback, and no lost rejection.
  promise.then(
    (answer) => process.nextTick(callback, null, answer),
    (error: S3PutError) => process.nextTick(callback, error),
  );
}
