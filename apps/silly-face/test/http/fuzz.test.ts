// Longer: FUZZ_CONNECTIONS=10000, and others: FUZZ_SEED=<number>.
import { once } from 'node:events';
import { connect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { waitUntil } from '@silly-face/testing';
import { afterAll, expect, it } from 'vitest';
import { type Directory, DirectoryError } from '../../src/directory/directory.ts';
import { ask } from './client.ts';
import { type FuzzedConnection, Fuzzer } from './fuzz-requests.ts';
import { filesIn } from './rig.ts';
import { startRounds } from './rounds.ts';
import { scaled } from '../soak/scale.ts';

const CONNECTIONS = Number(process.env.FUZZ_CONNECTIONS ?? scaled({ short: 1500, long: 10_000 }));
const SEED = Number(process.env.FUZZ_SEED ?? 1);
const AT_A_TIME = 16;

/** For what never ends: the server has no right to leave anybody waiting for so long. */
const PATIENCE_MS = 60_000;

const noProcess = (): never => {
  throw new DirectoryError('no-process', 'Nobody plays here');
};
const directory = {
  locate: async () => noProcess(),
  disconnect: async () => {},
} as Partial<Directory> as Directory;
const { rig, anna, bert, submitting, guessing, photo } = await startRounds({ directory: () => directory });
afterAll(() => rig[Symbol.asyncDispose]());

it(
  `${CONNECTIONS} connections with whatever came out of the dice meet no failure of ours, and leave nothing behind`,
  { timeout: 120_000 + CONNECTIONS * 100 },
  async () => {
    const fuzzer = new Fuzzer(SEED, {
      rounds: [submitting, guessing],
      tokens: [anna.token, bert.token],
      photo: Buffer.from(await photo.arrayBuffer()),
    });
    const answered = new Map<number, number>();
    let left = CONNECTIONS;
    const client = async (upTo: number): Promise<void> => {
      while (left > upTo) {
        left--;
        const fuzzed = fuzzer.connection();
        const answers = await exchange(fuzzed);
        for (const status of statusesOf(answers)) answered.set(status, (answered.get(status) ?? 0) + 1);
        if (failures(answers).length > 0)
          throw new Error(`${fuzzed.bytes.toString('latin1').slice(0, 3000)}\n\nwas answered\n\n${answers}`);
      }
    };
    const run = (upTo: number) => Promise.all(Array.from({ length: AT_A_TIME }, () => client(upTo)));
    await run(CONNECTIONS / 3);
    const before = await heldBytes();
    await run(0);
    const grownBytes = (await heldBytes()) - before;

    expect([...answered.keys()]).toEqual(expect.arrayContaining([200, 201, 400, 401, 404, 409, 415, 422]));
    expect((await anna.get('/me')).status).toBe(200);
    await waitUntil(() => rig.db.stats().borrowed === 0, { what: 'all clients of the pool to be back' });
    await waitUntil(async () => (await filesIn(rig.uploadDirectory)).length === 0, {
      what: 'no upload to be left',
    });
    // The count is taken by a request itself.
    await waitUntil(
      async () => (await ask(rig.url, 'GET', '/metrics')).body.includes('http_requests_in_flight 1\n'),
      { what: 'no request to be in flight' },
    );
    expect(grownBytes).toBeLessThan(30 * 2 ** 20);
  },
);

/** Everything that is answered until the server ends the connection. */
async function exchange({ bytes, leaves }: FuzzedConnection): Promise<string> {
  const socket = connect(Number(new URL(rig.url).port), '127.0.0.1');
  let answers = '';
  socket.setEncoding('latin1').on('data', (text: string) => (answers += text));
  socket.on('error', () => {}); // It may end while we send.
  const timer = setTimeout(() => socket.destroy(new Error('no end')), PATIENCE_MS);
  socket.write(bytes, () => leaves && socket.destroy());
  await once(socket, 'close').catch((error: Error) => {
    if (error.message === 'no end')
      throw new Error(`No end of the answer to ${bytes.toString('latin1').slice(0, 3000)}\n\n${answers}`);
  });
  clearTimeout(timer);
  return answers;
}

const STATUS = /HTTP\/1\.1 (\d{3}) /g;

function statusesOf(answers: string): number[] {
  return [...answers.matchAll(STATUS)].map(([, status]) => Number(status));
}

/** But for what a busy machine says, and one without a party. */
function failures(answers: string): number[] {
  const refused = answers.match(/"code":"(?:no-party-process|passwords-busy|photos-busy)"/g)?.length ?? 0;
  return statusesOf(answers)
    .filter((status) => status >= 500)
    .slice(refused);
}

async function heldBytes(): Promise<number> {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}
