import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, newPlayer, type TestPlayer } from './client.ts';
import { type Rig, startRig } from './rig.ts';

const ROUNDS = 120;

let rig: Rig;
let anna: TestPlayer;
/** Of Anna, the one that moved last first. */
let ids: string[];

beforeAll(async () => {
  rig = await startRig();
  anna = await newPlayer(rig);
  await newRounds(anna, ROUNDS);
  const { rows } = await rig.db.query<{ id: string }>(
    `SELECT id FROM rounds ORDER BY updated_at DESC, id DESC`,
  );
  ids = rows.map(({ id }) => id);
  // Of others, and in the midst of hers.
  await newRounds(await newPlayer(rig), 10);
});
afterAll(() => rig[Symbol.asyncDispose]());

/** With one new player each. The player has challenged every other one of them; always three moved in the same microsecond. */
async function newRounds({ id, name }: TestPlayer, count: number): Promise<void> {
  await rig.db.query(
    `WITH others AS (
        INSERT INTO players (name, password_hash) SELECT $2 || '_' || n, 'none' FROM generate_series(1, $3::int) AS n
          RETURNING id, split_part(name, '_', 2)::int AS n)
      INSERT INTO rounds (challenger_id, opponent_id, updated_at)
        SELECT CASE n % 2 WHEN 0 THEN $1 ELSE id END, CASE n % 2 WHEN 0 THEN id ELSE $1 END,
          timestamptz '2025-01-01 00:00:00.000001Z' + n / 3 * interval '0.3 ms' FROM others`,
    [id, name, count],
  );
}

const idsOf = ({ body }: Answer): string[] => body.rounds.map(({ id }: { id: string }) => id);

/** From a cursor on to the end; `look` is called after each page. */
async function idsFrom(
  cursor: string | null,
  limit: number,
  look: (answer: Answer) => void = () => {},
): Promise<string[]> {
  const seen: string[] = [];
  for (let next = cursor; next !== null;) {
    const answer: Answer = await anna.get(`/me?limit=${limit}&cursor=${encodeURIComponent(next)}`);
    look(answer);
    seen.push(...idsOf(answer));
    next = answer.body.nextCursor;
  }
  return seen;
}

describe('the rounds of a player', () => {
  it.each([1, 7, 40, 60, 100])('come once each, page by page: %i at a time', async (limit) => {
    const first = await anna.get(`/me?limit=${limit}`);
    const rest = await idsFrom(first.body.nextCursor, limit, ({ body }) => {
      expect(body.currentPlayer).toEqual(first.body.currentPlayer);
      expect(body.rounds.length).toBeLessThanOrEqual(limit);
    });
    expect(idsOf(first)).toHaveLength(limit);
    expect([...idsOf(first), ...rest]).toEqual(ids);
  });

  it('are fifty where nobody says how many', async () => {
    const answer = await anna.get('/me');
    expect(idsOf(answer)).toEqual(ids.slice(0, 50));
    expect(await idsFrom(answer.body.nextCursor, 100)).toEqual(ids.slice(50));
  });

  it('have no page after the last, also when that is full', async () => {
    const { body } = await anna.get(`/me?limit=${ROUNDS / 2}`);
    const second = await anna.get(`/me?limit=${ROUNDS / 2}&cursor=${body.nextCursor}`);
    expect([second.body.rounds.length, second.body.nextCursor]).toEqual([ROUNDS / 2, null]);
  });

  it('go to the front when they move: the pages after repeat none and lose no other', async () => {
    const first = await anna.get('/me?limit=20');
    const [seen, unseen] = [ids[3] ?? '', ids[77] ?? ''];
    for (const id of [seen, unseen]) await anna.post(`/rounds/${id}/taunts`, { text: 'Hm' });
    const rest = await idsFrom(first.body.nextCursor, 20);
    expect([...idsOf(first), ...rest]).toEqual(ids.filter((id) => id !== unseen));
    expect(idsOf(await anna.get('/me?limit=2'))).toEqual([unseen, seen]);
  });
});

it('the pages are documented as those of the lobby are', async () => {
  const { body } = await anna.get('/openapi.json');
  const [ofMe, ofLobby] = ['/me', '/players'].map((path) => body.paths[path].get.parameters);
  expect(ofMe.map(({ name }: { name: string }) => name)).toEqual(['limit', 'cursor']);
  expect(ofMe).toEqual(ofLobby);
});
