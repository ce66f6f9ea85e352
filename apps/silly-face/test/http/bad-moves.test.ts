// What the rules of the game or the rights of others forbid.
import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { ask, newPlayer } from './client.ts';
import { type Refusal, testRefusals } from './refusals.ts';
import { startRounds } from './rounds.ts';

const { rig, anna, bert, carla, submitting, guessing } = await startRounds();
afterAll(() => rig[Symbol.asyncDispose]());

const { body: round } = await bert.get(`/rounds/${guessing}`);
const wrongGuess: string = round.choices.find((choice: string) => choice !== 'Smug Cat');
await bert.guess(guessing, wrongGuess);

const refusals: Refusal[] = [
  [
    'a challenge to nobody',
    404,
    'player-not-found',
    () => anna.post('/rounds', { opponentId: randomUUID() }),
  ],
  [
    'a challenge to something that is no id',
    400,
    'validation-failed',
    () => anna.post('/rounds', { opponentId: 'bert' }),
  ],
  ['a challenge to oneself', 422, 'self-challenge', () => anna.post('/rounds', { opponentId: anna.id })],
  [
    'a challenge to oneself in capitals',
    422,
    'self-challenge',
    () => anna.post('/rounds', { opponentId: anna.id.toUpperCase() }),
  ],
  ['a second challenge', 409, 'already-challenged', () => anna.post('/rounds', { opponentId: bert.id })],
  [
    'a second challenge from the other side',
    409,
    'already-challenged',
    () => bert.post('/rounds', { opponentId: anna.id }),
  ],
  [
    'a challenge by a stranger',
    401,
    'not-logged-in',
    () => ask(rig.url, 'POST', '/rounds', { json: { opponentId: anna.id } }),
  ],

  ['a round that is not there', 404, 'round-not-found', () => anna.get(`/rounds/${randomUUID()}`)],
  ['a round whose id is none', 404, 'round-not-found', () => anna.get('/rounds/1%00')],
  ["a stranger's look at a round", 403, 'not-your-round', () => anna.get(`/rounds/${guessing}`)],
  ["a stranger's guess", 403, 'not-your-round', () => anna.guess(guessing, 'Smug Cat')],
  [
    "a stranger's taunt",
    403,
    'not-your-round',
    () => anna.post(`/rounds/${guessing}/taunts`, { text: 'Ha!' }),
  ],
  [
    "a stranger's look at a photo",
    403,
    'not-your-round',
    () => anna.get(`/rounds/${guessing}/turns/1/photo`),
  ],
  ['a photo of a turn to come', 404, 'photo-not-found', () => bert.get(`/rounds/${guessing}/turns/2/photo`)],
  ['a photo of no turn', 404, 'photo-not-found', () => bert.get(`/rounds/${guessing}/turns/x/photo`)],
  [
    'a photo of a turn beyond all numbers',
    404,
    'photo-not-found',
    () => bert.get(`/rounds/${guessing}/turns/99999999999/photo`),
  ],

  ['a guess out of turn', 409, 'out-of-turn', () => bert.guess(submitting, 'Smug Cat')],
  ['a guess by the submitter', 409, 'out-of-turn', () => carla.guess(guessing, 'Smug Cat')],
  ['a guess outside the choices', 422, 'not-a-choice', () => bert.guess(guessing, 'My Own Face\0')],
  ['a guess that was made already', 409, 'already-guessed', () => bert.guess(guessing, wrongGuess)],
  ['a guess without a face', 400, 'validation-failed', () => bert.post(`/rounds/${guessing}/guesses`, {})],
  ['an empty taunt', 400, 'validation-failed', () => bert.post(`/rounds/${guessing}/taunts`, { text: '' })],
  [
    'a taunt that is too long',
    400,
    'validation-failed',
    () => bert.post(`/rounds/${guessing}/taunts`, { text: 'x'.repeat(141) }),
  ],
  [
    'a taunt with a NUL',
    400,
    'validation-failed',
    () => bert.post(`/rounds/${guessing}/taunts`, { text: 'x\0' }),
  ],
];

describe('refuses and changes nothing:', () => {
  testRefusals(rig, refusals);

  it('a key that was used for another request', async () => {
    const key = randomUUID();
    await bert.post(`/rounds/${guessing}/taunts`, { text: 'one' }, { key });
    const before = await rig.everything();
    for (const again of [
      await bert.post(`/rounds/${guessing}/taunts`, { text: 'another' }, { key }),
      await bert.post(`/rounds/${submitting}/taunts`, { text: 'one' }, { key }),
      await bert.guess(guessing, 'Smug Cat', { key }),
    ])
      expect(again).toMatchObject({ status: 422, body: { code: 'idempotency-key-reused' } });
    expect(await rig.everything()).toEqual(before);
  });
});

it('an id in capitals is the same id', async () => {
  const dora = await newPlayer(rig);
  const key = randomUUID();
  const first = await anna.post('/rounds', { opponentId: dora.id }, { key });
  const again = await anna.post('/rounds', { opponentId: dora.id.toUpperCase() }, { key });
  expect(again).toMatchObject({ status: 201, body: first.body });
  const path = `/rounds/${String(first.body.id).toUpperCase()}`;
  expect(await anna.get(path)).toMatchObject({ status: 200, body: first.body });
});
