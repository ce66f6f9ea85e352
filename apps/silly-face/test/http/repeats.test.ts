// A proxy repeats a request at once when the process that had it dies: the first one may still be committing what it did.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
afterAll(() => rig[Symbol.asyncDispose]());

/** Lets something else happen between the next request's nth query and what follows. */
function afterQuery(n: number, happen: () => Promise<unknown>): Disposable {
  const { query } = rig.db;
  let queries = 0;
  const counted = new Proxy(query, {
    async apply(...call) {
      const result: unknown = await Reflect.apply(...call);
      queries += 1;
      if (queries === n) await happen();
      return result;
    },
  });
  const put = (value: typeof query): unknown =>
    Object.defineProperty(rig.db, 'query', { value, configurable: true });
  put(counted);
  return { [Symbol.dispose]: () => void put(query) };
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
      using _ = afterQuery(n, async () => (first = await submit()));
      const second = await submit();
      expect(first).toMatchObject({ status: 201 });
      expect(second).toMatchObject({ status: 201, body: first?.body });
      expect(second.headers.get('idempotency-replayed')).toBe('true');
      expect(await rig.objects()).toHaveLength(objects + 1);
    },
  );
});
