import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { draw } from './drawing.ts';
import { type Answer, ask, newAccount, newPlayer, passwordOf, type TestPlayer } from './client.ts';
import { filesIn, type Rig, startRig } from './rig.ts';

let rig: Rig;
let anna: TestPlayer;
let photo: Blob;

beforeAll(async () => {
  rig = await startRig();
  anna = await newPlayer(rig);
  photo = await draw();
});
afterAll(() => rig[Symbol.asyncDispose]());

const PARALLEL = 5;

/** All at once, each in a connection of its own. */
function race(request: () => Promise<Answer>): Promise<Answer[]> {
  return Promise.all(Array.from({ length: PARALLEL }, request));
}

function byStatus(answers: Answer[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

async function count(table: string, where = 'true', values: unknown[] = []): Promise<number> {
  const { rows } = await rig.db.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM ${table} WHERE ${where}`,
    values,
  );
  return rows[0]?.n ?? -1;
}

async function newRound(): Promise<{ id: string; opponent: TestPlayer }> {
  const opponent = await newPlayer(rig);
  const { body } = await anna.post('/rounds', { opponentId: opponent.id });
  return { id: body.id, opponent };
}

/** The first one wins, and all get its answer. */
function expectOneEffect(answers: Answer[], status: number): void {
  expect(byStatus(answers)).toEqual({ [status]: PARALLEL });
  for (const answer of answers) expect(answer.body).toEqual(answers[0]?.body);
  expect(answers.filter(({ headers }) => headers.get('idempotency-replayed') === 'true')).toHaveLength(
    PARALLEL - 1,
  );
}

describe('in parallel with one Idempotency-Key', () => {
  it('signing up makes one player', async () => {
    const key = randomUUID();
    const json = { name: 'racer', password: 'long enough' };
    const answers = await race(() => ask(rig.url, 'POST', '/accounts', { key, json }));
    expectOneEffect(answers, 201);
    expect(await count('players', `name = 'racer'`)).toBe(1);
  });

  it('logging in gives as many tokens, and each is good: nobody knows which of them the client hears of', async () => {
    const key = randomUUID();
    const json = { name: 'returner', password: 'long enough' };
    await ask(rig.url, 'POST', '/accounts', { json });
    const answers = await race(() => ask(rig.url, 'POST', '/sessions', { key, json }));
    expect(byStatus(answers)).toEqual({ 201: PARALLEL });
    const seen = await Promise.all(
      answers.map(({ body }) => ask(rig.url, 'GET', '/me', { token: body.token })),
    );
    expect(byStatus(seen)).toEqual({ 200: PARALLEL });
    expect(new Set(answers.map(({ body }) => body.token)).size).toBe(PARALLEL);
  });

  it('logging out of one of those leaves the others, and the key gives a further one', async () => {
    const key = randomUUID();
    const { name } = await newAccount(rig.url, 'leaver');
    const json = { name, password: passwordOf(name) };
    const logIn = async (): Promise<string> =>
      (await ask(rig.url, 'POST', '/sessions', { key, json })).body.token;
    const tokens = [await logIn(), await logIn()];
    await ask(rig.url, 'DELETE', '/sessions/current', { token: tokens[0] });
    tokens.push(await logIn());
    const seen = tokens.map(async (token) => (await ask(rig.url, 'GET', '/me', { token })).status);
    expect(await Promise.all(seen)).toEqual([401, 200, 200]);
  });

  it('a key of somebody else who logs in is refused', async () => {
    const key = randomUUID();
    const { name } = await newAccount(rig.url, 'forgetful');
    await ask(rig.url, 'POST', '/sessions', { key, json: { name, password: passwordOf(name) } });
    await newAccount(rig.url, 'neighbour');
    const json = { name: 'neighbour', password: passwordOf('neighbour') };
    const answer = await ask(rig.url, 'POST', '/sessions', { key, json });
    expect(answer).toMatchObject({ status: 422, body: { code: 'idempotency-key-reused' } });
  });

  it('a sign-up is not repeated by who knows the key but not the password', async () => {
    const key = randomUUID();
    await ask(rig.url, 'POST', '/accounts', { key, json: { name: 'secretive', password: 'long enough' } });
    const json = { name: 'secretive', password: 'another one' };
    const answer = await ask(rig.url, 'POST', '/accounts', { key, json });
    expect(answer).toMatchObject({ status: 422, body: { code: 'idempotency-key-reused' } });
  });

  it('a challenge makes one round', async () => {
    const opponent = await newPlayer(rig);
    const key = randomUUID();
    expectOneEffect(await race(() => anna.post('/rounds', { opponentId: opponent.id }, { key })), 201);
    expect(await count('rounds', 'opponent_id = $1', [opponent.id])).toBe(1);
  });

  it('a submission makes one turn and leaves one photo', async () => {
    const { id } = await newRound();
    const before = await rig.objects();
    const key = randomUUID();
    expectOneEffect(await race(() => anna.submit(id, 'Smug Cat', photo, { key })), 201);
    expect(await count('turns', 'round_id = $1', [id])).toBe(1);
    expect(await rig.objects()).toHaveLength(before.length + 1);
    expect(await filesIn(rig.uploadDirectory)).toEqual([]);
  });

  it('a right guess pays once', async () => {
    const { id, opponent } = await newRound();
    await anna.submit(id, 'Smug Cat', photo);
    const key = randomUUID();
    const answers = await race(() => opponent.guess(id, 'Smug Cat', { key }));
    expectOneEffect(answers, 200);
    const { body } = await opponent.get('/me');
    expect(body.currentPlayer.monocles).toBe(answers[0]?.body.monocles);
  });

  it('a taunt is said once', async () => {
    const { id } = await newRound();
    const key = randomUUID();
    expectOneEffect(await race(() => anna.post(`/rounds/${id}/taunts`, { text: 'Ha!' }, { key })), 201);
    expect(await count('taunts', 'round_id = $1', [id])).toBe(1);
  });
});

describe('in parallel with a key each', () => {
  it('one sign-up gets the name', async () => {
    const json = { name: 'contested', password: 'long enough' };
    const answers = await race(() => ask(rig.url, 'POST', '/accounts', { json }));
    expect(byStatus(answers)).toEqual({ 201: 1, 409: PARALLEL - 1 });
  });

  it('a pair that challenges each other gets one round', async () => {
    const opponent = await newPlayer(rig);
    let turn = 0;
    const answers = await race(() =>
      turn++ % 2
        ? anna.post('/rounds', { opponentId: opponent.id })
        : opponent.post('/rounds', { opponentId: anna.id }),
    );
    expect(byStatus(answers)).toEqual({ 201: 1, 409: PARALLEL - 1 });
  });

  it('one submission is the turn, and the photos of the others are gone', async () => {
    const { id, opponent } = await newRound();
    const before = await rig.objects();
    const answers = await race(() => anna.submit(id, 'Puzzled Pug', photo));
    expect(byStatus(answers)).toEqual({ 201: 1, 409: PARALLEL - 1 });
    expect(await count('turns', 'round_id = $1', [id])).toBe(1);
    expect(await rig.objects()).toHaveLength(before.length + 1);
    const { body } = await opponent.get(`/rounds/${id}`);
    expect((await opponent.get(body.photoUrl)).status).toBe(200);
  });

  it('one right guess pays, and the others are too late', async () => {
    const { id, opponent } = await newRound();
    await anna.submit(id, 'Smug Cat', photo);
    const answers = await race(() => opponent.guess(id, 'Smug Cat'));
    expect(byStatus(answers)).toEqual({ 200: 1, 409: PARALLEL - 1 });
    const won = answers.find(({ status }) => status === 200);
    expect((await opponent.get('/me')).body.currentPlayer.monocles).toBe(won?.body.monocles);
  });

  it('the same wrong guess counts once', async () => {
    const { id, opponent } = await newRound();
    await anna.submit(id, 'Smug Cat', photo);
    const { body: seen } = await opponent.get(`/rounds/${id}`);
    const wrong: string = seen.choices.find((choice: string) => choice !== 'Smug Cat');
    expect(byStatus(await race(() => opponent.guess(id, wrong)))).toEqual({ 200: 1, 409: PARALLEL - 1 });
    expect((await opponent.get(`/rounds/${id}`)).body.wrongGuesses).toEqual([wrong]);
  });

  it('a request whose effect was refused leaves its key free', async () => {
    const { id, opponent } = await newRound();
    const key = randomUUID();
    expect((await opponent.guess(id, 'Smug Cat', { key })).body.code).toBe('out-of-turn');
    await anna.submit(id, 'Smug Cat', photo);
    expect((await opponent.guess(id, 'Smug Cat', { key })).body.correct).toBe(true);
  });

  it('rounds that share their players pay everybody in full', async () => {
    const players = await Promise.all(Array.from({ length: 3 }, () => newPlayer(rig)));
    const pairs = players.map((player, index) => [player, players[(index + 1) % 3] ?? player] as const);
    const rounds = await Promise.all(
      pairs.map(async ([challenger, opponent]) => {
        const { body } = await challenger.post('/rounds', { opponentId: opponent.id });
        await challenger.submit(body.id, 'Smug Cat', photo);
        return { id: body.id as string, opponent };
      }),
    );
    const answers = await Promise.all(rounds.map(({ id, opponent }) => opponent.guess(id, 'Smug Cat')));
    expect(byStatus(answers)).toEqual({ 200: 3 });
    const seen = await Promise.all(players.map((player) => player.get('/me')));
    const submitted = answers[0]?.body.round.lastTurn.monocles.submitter;
    for (const { body } of seen) expect(body.currentPlayer.monocles).toBe(7 + submitted);
  });
});
