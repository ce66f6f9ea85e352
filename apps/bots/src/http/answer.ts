import { z } from 'zod';
import { Refused, WrongAnswer } from '../errors.ts';
import type { Answer } from './client.ts';
import { problem } from './contract.ts';

/** What the service said, plus the request for the messages of later checks. */
export type Said<T> = T & { request: string };

/** Reads a JSON answer. @throws {Refused} for a problem, {@link WrongAnswer} for what the contract does not know */
export function readJson<T extends object>(answer: Answer, status: number, shape: z.ZodType<T>): Said<T> {
  expectStatus(answer, status);
  expectType(answer, 'application/json');
  const said = shape.safeParse(parse(answer));
  if (!said.success) throw wrongShape('wrong-shape', said.error, answer);
  return { ...said.data, request: answer.request };
}

/** Reads a photo. @throws {Refused} for a problem, {@link WrongAnswer} for what the contract does not know */
export function readPhoto(answer: Answer): Said<{ bytes: Buffer }> {
  expectStatus(answer, 200);
  expectType(answer, 'image/jpeg');
  if (!answer.headers.has('etag')) {
    throw new WrongAnswer('wrong-shape', 'Expected the photo to have an ETag', { request: answer.request });
  }
  return { bytes: answer.body, request: answer.request };
}

function expectStatus(answer: Answer, status: number): void {
  if (answer.status === status) return;
  if (answer.status >= 400) throw refusal(answer);
  throw new WrongAnswer('wrong-status', `Expected the status ${status}`, { request: answer.request });
}

function refusal(answer: Answer): Refused | WrongAnswer {
  expectType(answer, 'application/problem+json');
  const said = problem.safeParse(parse(answer));
  if (!said.success) return wrongShape('wrong-problem', said.error, answer);
  if (said.data.status === answer.status) return new Refused(said.data, answer.request);
  const message = `Expected the problem to repeat its status, got ${said.data.status}`;
  return new WrongAnswer('wrong-problem', message, { request: answer.request });
}

function expectType({ headers, body, request }: Answer, type: string): void {
  const got = headers.get('content-type') ?? 'none';
  if (got.split(';')[0]?.trim().toLowerCase() === type) return;
  const excerpt = got.startsWith('image/')
    ? ''
    : `, which begins with ${JSON.stringify(body.toString().slice(0, 80))}`;
  throw new WrongAnswer('wrong-type', `Expected ${type}, got ${got}${excerpt}`, { request });
}

function parse({ body, request }: Answer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch (cause) {
    throw new WrongAnswer('wrong-shape', 'Expected JSON', { request, cause });
  }
}

function wrongShape(
  code: 'wrong-shape' | 'wrong-problem',
  { issues }: z.ZodError,
  answer: Answer,
): WrongAnswer {
  const places = issues.map((issue) => `${z.core.toDotPath(issue.path) || 'the whole'}: ${issue.message}`);
  return new WrongAnswer(code, `Wrong shape at ${places.join(', at ')}`, { request: answer.request });
}
