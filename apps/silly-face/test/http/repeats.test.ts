// A proxy repeats a request at once when the process that had it dies: the first one may still be committing what it did.
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Answer, newPlayer, type TestPlayer } from './client.ts';
import { draw } from './drawing.ts';
import { type Rig, startRig } from './rig.ts';

let rig: Rig;
let anna: TestPlayer;
let photo: Blob;
beforeAll(async () => {
  rig = await startRig();
  anna = await newPlayer(rig);
  photo = await draw();
});
afterEach(() => vi.restoreAllMocks());
afterAll(() => rig[Symbol.asyncDispose]());

/** Lets something else happen between the next request's nth query and what follows. */
function afterQuery(n: number, happen: () => Promise<unknown>): void {
  const query = rig.db.query.bind(rig.db) as (text: string, values?: unknown[]) => Promise<unknown>;
  let queries = 0;
  vi.spyOn(rig.db, 'query').mockImplementation((async (text: string, values?: unknown[]) => {
    const result = await query(text, values);
    queries += 1;
    if (queries === n) await happen();
    return result;
  }) as typeof rig.db.query);
}

describe('a repeated submission', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'gets the answer of the first one, which commits after the %i. query of the second',
    async (n) => {
      const opponent = await newPlayer(rig);
      const round = (await anna.post('/rounds', { opponentId: opponent.id })).body.id as string;
      const key = randomUUID();
      const submit = (): Promise<Answer> => anna.submit(round, 'Smug Cat', photo, { key });
      const objects = (await rig.objects()).length;
      let first: Answer | undefined;
      afterQuery(n, async () => (first = await submit()));
      const second = await submit();
      expect(first).toMatchObject({ status: 201 });
      expect(second).toMatchObject({ status: 201, body: first?.body });
      expect(second.headers.get('idempotency-replayed')).toBe('true');
      expect(await rig.objects()).toHaveLength(objects + 1);
    },
  );
});
