import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FACES } from '../../src/game/faces.ts';
import { draw, look } from './drawing.ts';
import { ask, type Ask, newAccount, newPlayer, passwordOf, type TestPlayer } from './client.ts';
import { filesIn, type Rig, startRig } from './rig.ts';

let rig: Rig;
let anna: TestPlayer;
let bert: TestPlayer;

beforeAll(async () => {
  rig = await startRig();
  [anna, bert] = await Promise.all([newAccount(rig.url, 'anna'), newAccount(rig.url, 'bert')]);
});
afterAll(() => rig[Symbol.asyncDispose]());

async function states(roundId: string): Promise<string[]> {
  const seen = await Promise.all([anna, bert].map((player) => player.get(`/rounds/${roundId}`)));
  return seen.map(({ body }) => body.state);
}

describe('accounts', () => {
  it('start without monocles, at the foot of the ladder', async () => {
    const { body } = await anna.get('/me');
    expect(body).toEqual({
      currentPlayer: { id: anna.id, name: anna.name, rankName: 'Straight-Faced Stranger', monocles: 0 },
      rounds: [],
      nextCursor: null,
    });
  });

  it('log in again with another token, and log out of one session only', async () => {
    const json = { name: anna.name, password: passwordOf(anna.name) };
    const { status, body } = await ask(rig.url, 'POST', '/sessions', { json });
    expect(status).toBe(201);
    expect(new Date(body.expiresAt).getTime()).toBeGreaterThan(Date.now());
    const out = await ask(rig.url, 'DELETE', '/sessions/current', { token: body.token });
    expect(out.status).toBe(204);
    expect((await ask(rig.url, 'GET', '/me', { token: body.token })).body.code).toBe('not-logged-in');
    expect((await anna.get('/me')).status).toBe(200);
  });

  it('log out as often as they like, and nobody without a token does', async () => {
    const json = { name: anna.name, password: passwordOf(anna.name) };
    const { token } = (await ask(rig.url, 'POST', '/sessions', { json })).body;
    const logOut = (options: Ask) => ask(rig.url, 'DELETE', '/sessions/current', options);
    expect((await logOut({ token })).status).toBe(204);
    expect((await logOut({ token })).status).toBe(204);
    expect((await anna.get('/me')).status).toBe(200);
    for (const authorization of ['Basic YTpi', 'Bearer ', `Bearer ${token}!`])
      expect((await logOut({ headers: { authorization } })).status).toBe(401);
  });

  it('keep neither password nor token in the clear', async () => {
    const everything = JSON.stringify(await rig.everything());
    expect(everything).toContain(anna.name);
    expect(everything).not.toContain(passwordOf(anna.name));
    expect(everything).not.toContain(anna.token);
  });
});

describe('the lobby', () => {
  it('shows everybody else once, page by page', async () => {
    const carla = await newPlayer(rig);
    const names: string[] = [];
    let cursor: string | null = null;
    do {
      const query = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const { body } = await carla.get(`/players?limit=1${query}`);
      expect(body.players).toHaveLength(1);
      names.push(body.players[0].name);
      cursor = body.nextCursor;
    } while (cursor !== null);
    expect(names).toEqual([anna.name, bert.name].toSorted((a, b) => (a < b ? -1 : 1)));
  });
});

describe('a round', () => {
  it('goes round: submit, guess until it is right, swap, and again', async () => {
    const challenged = await anna.post('/rounds', { opponentId: bert.id });
    expect(challenged.status).toBe(201);
    const { id } = challenged.body;
    expect(challenged.body).toMatchObject({
      opponent: { id: bert.id, name: bert.name },
      state: 'SUBMITTING',
      turn: 1,
      choices: [],
      wrongGuesses: [],
      photoUrl: null,
      lastTurn: null,
      taunts: [],
    });

    let [submitter, guesser] = [anna, bert];
    const monocles = new Map([
      [anna.id, 0],
      [bert.id, 0],
    ]);
    for (let turn = 1; turn <= 4; turn++) {
      const face = FACES[turn * 3] ?? '';
      const colour = { r: 60 * turn, g: 20, b: 255 - 60 * turn };
      const submitted = await submitter.submit(
        id,
        face,
        await draw({ colour, format: turn % 2 ? 'png' : 'webp' }),
      );
      expect(submitted.status).toBe(201);
      expect(submitted.body).toMatchObject({ state: 'WAITING_GUESS', turn, choices: [] });

      const { body: seen } = await guesser.get(`/rounds/${id}`);
      expect(seen).toMatchObject({ state: 'GUESSING', turn, photoUrl: `/rounds/${id}/turns/${turn}/photo` });
      expect(seen.choices).toHaveLength(6);
      expect(seen.choices).toContain(face);
      const photo = await guesser.get(seen.photoUrl);
      const image = await look(photo.body);
      for (const channel of ['r', 'g', 'b'] as const)
        expect(Math.abs(image[channel] - colour[channel])).toBeLessThan(6);

      const wrong = seen.choices.filter((choice: string) => choice !== face).slice(0, turn - 1);
      for (const [index, choice] of wrong.entries()) {
        const { body } = await guesser.guess(id, choice);
        expect(body).toMatchObject({
          correct: false,
          monocles: 0,
          round: { wrongGuesses: wrong.slice(0, index + 1) },
        });
      }
      const { body: won } = await guesser.guess(id, face);
      expect(won).toMatchObject({
        correct: true,
        round: {
          state: 'SUBMITTING',
          turn: turn + 1,
          choices: [],
          wrongGuesses: [],
          photoUrl: null,
          lastTurn: { turn, face, submitterId: submitter.id, guesserId: guesser.id, guesses: turn },
        },
      });
      const earned = won.round.lastTurn.monocles;
      expect(won.monocles).toBe(earned.guesser);
      monocles.set(guesser.id, (monocles.get(guesser.id) ?? 0) + earned.guesser);
      monocles.set(submitter.id, (monocles.get(submitter.id) ?? 0) + earned.submitter);
      for (const player of [anna, bert])
        expect((await player.get('/me')).body.currentPlayer.monocles).toBe(monocles.get(player.id));
      [submitter, guesser] = [guesser, submitter];
    }
    expect(await states(id)).toEqual(['SUBMITTING', 'WAITING_SUBMIT']);
    expect(await rig.objects()).toHaveLength(4);
    expect(await filesIn(rig.uploadDirectory)).toEqual([]);
    expect((await bert.get('/me')).body.currentPlayer.rankName).not.toBe('Straight-Faced Stranger');
  });

  it('shows the newest twenty taunts, oldest first', async () => {
    const { body: me } = await anna.get('/me');
    const { id } = me.rounds[0];
    const texts = Array.from({ length: 22 }, (_, index) => `Taunt ${index} 🤡`);
    for (const [index, text] of texts.entries()) {
      const player = index % 2 ? anna : bert;
      const { status, body } = await player.post(`/rounds/${id}/taunts`, { text });
      expect(status).toBe(201);
      expect(body.taunt).toMatchObject({ playerId: player.id, text });
    }
    const { body } = await anna.get(`/rounds/${id}`);
    expect(body.taunts.map((taunt: { text: string }) => taunt.text)).toEqual(texts.slice(2));
  });

  it('is listed with the one that moved last first', async () => {
    const carla = await newPlayer(rig);
    const { body: second } = await carla.post('/rounds', { opponentId: anna.id });
    const [first] = (await anna.get('/me')).body.rounds;
    expect(first).toMatchObject({ id: second.id, state: 'WAITING_SUBMIT' });
  });
});

describe('the documentation', () => {
  it('describes every route', async () => {
    const { body } = await ask(rig.url, 'GET', '/openapi.json');
    expect(Object.keys(body.paths).toSorted()).toEqual([
      '/_health',
      '/accounts',
      '/faces',
      '/live',
      '/me',
      '/party/seats',
      '/players',
      '/ready',
      '/rounds',
      '/rounds/{id}',
      '/rounds/{id}/guesses',
      '/rounds/{id}/submissions',
      '/rounds/{id}/taunts',
      '/rounds/{id}/turns/{turn}/photo',
      '/sessions',
      '/sessions/current',
    ]);
  });

  it('tells what every POST needs, and what a submission is', async () => {
    const { body } = await ask(rig.url, 'GET', '/openapi.json');
    const { post } = body.paths['/rounds/{id}/submissions'];
    expect(post.parameters).toContainEqual(
      expect.objectContaining({ name: 'Idempotency-Key', in: 'header', required: true }),
    );
    expect(Object.keys(post.requestBody.content['multipart/form-data'].schema.properties)).toEqual([
      'face',
      'photo',
    ]);
    expect(Object.keys(post.responses)).toEqual(['201', '4XX', '5XX']);
  });

  it('is a page whose scripts and styles load', async () => {
    const { body: page } = await ask(rig.url, 'GET', '/docs');
    const files = [...page.matchAll(/(?:src|href)="(?<path>[^"]+\.(?:js|css|png))"/g)].map(
      ([, path]) => path,
    );
    expect(files.length).toBeGreaterThan(4);
    for (const file of files) {
      const { status } = await ask(rig.url, 'GET', file);
      expect(status, file).toBe(200);
    }
  });
});

describe('/_health', () => {
  it('says ok, and 503 while draining', async () => {
    expect(await ask(rig.url, 'GET', '/_health')).toMatchObject({ status: 200, body: 'ok' });
    rig.setDraining(true);
    expect(await ask(rig.url, 'GET', '/_health')).toMatchObject({ status: 503 });
    rig.setDraining(false);
  });
});
