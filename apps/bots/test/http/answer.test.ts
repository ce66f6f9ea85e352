import { describe, expect, test } from 'vitest';
import { readJson, readPhoto } from '../../src/http/answer.ts';
import type { Answer } from '../../src/http/client.ts';
import * as contract from '../../src/http/contract.ts';
import { aRound, ME } from '../rounds.ts';

function answer(status: number, type: string, body: unknown): Answer {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return {
    status,
    headers: new Headers({ 'content-type': type }),
    body: Buffer.from(text),
    request: `GET /me → ${status}`,
  };
}

const json = 'application/json; charset=utf-8';
const currentPlayer = { id: ME, name: 'Cosbybot', rankName: 'Smirker', monocles: 3 };
const { request: _, ...round } = aRound('GUESSING', 2);
const refused = {
  type: 'about:blank',
  title: 'Conflict',
  status: 409,
  code: 'out-of-turn',
  detail: 'Not yet',
};

test('a right answer is read, and what the contract does not name is left out', () => {
  const body = { currentPlayer, rounds: [{ ...round, colour: 'blue' }], nextCursor: null, more: true };
  const said = readJson(answer(200, json, body), 200, contract.me);
  expect(said).toEqual({ currentPlayer, rounds: [round], nextCursor: null, request: 'GET /me → 200' });
});

test('a problem is a typed error with the code of the problem', () => {
  const got = answer(409, 'application/problem+json', refused);
  expect(() => readJson(got, 201, contract.round)).toThrow(
    expect.objectContaining({
      name: 'Refused',
      code: 'out-of-turn',
      status: 409,
      request: 'GET /me → 409',
      message: 'refused as out-of-turn: Not yet',
    }) as Error,
  );
});

describe('an answer that the contract does not know names what is wrong and where', () => {
  const wrong: [string, Answer, string][] = [
    [
      'wrong-shape',
      answer(200, json, { currentPlayer: { ...currentPlayer, monocles: -1 }, rounds: [], nextCursor: null }),
      'currentPlayer.monocles: ',
    ],
    [
      'wrong-shape',
      answer(200, json, { currentPlayer, rounds: [round, { ...round, state: 'DONE' }], nextCursor: null }),
      'rounds[1].state: ',
    ],
    ['wrong-shape', answer(200, json, []), 'the whole: '],
    ['wrong-shape', answer(200, json, '{'), 'Expected JSON'],
    [
      'wrong-status',
      answer(201, json, { currentPlayer, rounds: [], nextCursor: null }),
      'Expected the status 200',
    ],
    [
      'wrong-type',
      answer(200, 'text/html', '<html>'),
      'Expected application/json, got text/html, which begins with "<html>"',
    ],
    ['wrong-type', answer(500, 'text/html', 'oops'), 'Expected application/problem+json, got text/html'],
    ['wrong-problem', answer(500, 'application/problem+json', { title: 'oops' }), 'code: '],
    [
      'wrong-problem',
      answer(500, 'application/problem+json', refused),
      'Expected the problem to repeat its status, got 409',
    ],
  ];
  test.each(wrong)('%s', (code, got, message) => {
    const read = (): unknown => readJson(got, 200, contract.me);
    expect(read).toThrow(
      expect.objectContaining({ name: 'WrongAnswer', code, request: got.request }) as Error,
    );
    expect(read).toThrow(message);
  });
});

test('a photo has to be a JPEG with an ETag', () => {
  const photo = answer(200, 'image/jpeg', 'the bytes');
  expect(() => readPhoto(photo)).toThrow('Expected the photo to have an ETag');
  photo.headers.set('etag', '"1"');
  expect(readPhoto(photo).bytes.toString()).toBe('the bytes');
  expect(() => readPhoto(answer(200, 'image/png', 'the bytes'))).toThrow(
    'Expected image/jpeg, got image/png',
  );
});
