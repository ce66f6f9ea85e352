import { isDeepStrictEqual } from 'node:util';
import { ViolatedCheck } from '../errors.ts';

/** Two values that have to be equal. @throws {ViolatedCheck} */
export function checkEqual(
  code: string,
  what: string,
  got: unknown,
  expected: unknown,
  request: string,
): void {
  if (isDeepStrictEqual(got, expected)) return;
  const message = `Expected ${what} to be ${JSON.stringify(expected)}, got ${JSON.stringify(got)}`;
  throw new ViolatedCheck(code, message, { request });
}

/** Something that has to hold. @throws {ViolatedCheck} */
export function check(holds: boolean, code: string, message: string, request: string): void {
  if (!holds) throw new ViolatedCheck(code, message, { request });
}
