import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { descendants, waitUntil } from '@silly-face/testing';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { PhotoStorage } from '../../src/photo/storage.ts';
import { draw } from './drawing.ts';
import { type Answer, ask } from './client.ts';
import { filesIn, recovered } from './rig.ts';
import { startRounds } from './rounds.ts';

const { rig, anna, bert, submitting: round, guessing } = await startRounds();
afterAll(() => rig[Symbol.asyncDispose]());

/** How long the game's clients wait. */
const CLIENT_PATIENCE_MS = 10_000;

/** Three times that of the game's clients, for a machine that is busy; without limits of ours it would be minutes. */
const PATIENCE_MS = 30_000;

/** All processes of Postgres stand still, and their sockets stay open. */
function freezePostgres(): { thaw: () => void } {
  const { pid = 0 } = rig.postgres;
  const pids = [pid, ...descendants(pid)];
  for (const each of pids) process.kill(each, 'SIGSTOP');
  return {
    thaw: () => {
      for (const each of pids) process.kill(each, 'SIGCONT');
    },
  };
}

describe.skipIf(process.platform === 'win32')('with a Postgres that hangs', () => {
  it('every request is answered with 503 while its client waits, and it recovers by itself', async () => {
    const key = randomUUID();
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const taunt = (options = {}) =>
      bert.post(`/rounds/${round}/taunts`, { text: 'said once' }, { key, ...options });
    const photo = await draw();
    expect((await anna.get('/me')).status).toBe(200);

    const { thaw } = freezePostgres();
    try {
      const answers = await Promise.all([
        ...Array.from({ length: 15 }, () => anna.get('/me', { signal })),
        taunt({ signal }),
        anna.submit(round, 'Smug Cat', photo, { signal }),
        ask(rig.url, 'POST', '/sessions', { json: { name: anna.name, password: 'long enough' }, signal }),
      ]);
      for (const answer of answers) {
        expect(answer).toMatchObject({ status: 503, body: { code: 'database-unavailable' } });
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      }
      expect((await ask(rig.url, 'GET', '/_health')).status).toBe(200);
      expect(await filesIn(rig.uploadDirectory)).toEqual([]);
    } finally {
      thaw();
    }

    const said = await waitUntil(
      async () => {
        const answer = await taunt();
        return answer.status === 201 ? answer : undefined;
      },
      { what: 'Postgres to be used again' },
    );
    const { body } = await anna.get(`/rounds/${round}`);
    expect(body.taunts).toEqual([said?.body.taunt]);
    await recovered(rig.db);
  });

  it('what it is asked in the middle of a transaction takes effect once', async () => {
    const key = randomUUID();
    const taunt = () => bert.post(`/rounds/${round}/taunts`, { text: 'in the middle' }, { key });
    const answered = await frozenWhileItWaits(`SELECT FROM rounds WHERE id = '${round}' FOR UPDATE`, taunt);
    expect(answered).toMatchObject({ status: 503, body: { code: 'database-unavailable' } });

    const said = await waitUntil(
      async () => {
        const answer = await taunt();
        return answer.status === 201 ? answer : undefined;
      },
      { what: 'the taunt to be said' },
    );
    const { body } = await anna.get(`/rounds/${round}`);
    expect(body.taunts.filter(({ text }: { text: string }) => text === 'in the middle')).toEqual([
      said?.body.taunt,
    ]);
    await recovered(rig.db);
  });

  it('a submission that meets it asks it nothing more, and is answered while its client waits', async () => {
    const photo = await draw();
    const answered = await frozenWhileItWaits('LOCK TABLE rounds IN ACCESS EXCLUSIVE MODE', () =>
      anna.submit(round, 'Smug Cat', photo, { signal: AbortSignal.timeout(CLIENT_PATIENCE_MS) }),
    );
    expect(answered).toMatchObject({ status: 503, body: { code: 'database-unavailable' } });
    await recovered(rig.db);
  });
});

/** Takes the lock and asks: Postgres freezes as soon as what was asked waits for the lock, and thaws with its answer. */
async function frozenWhileItWaits(lock: string, request: () => Promise<Answer>): Promise<Answer> {
  return rig.db.transaction(async () => {
    // Ours lasts longer than a request's may.
    await rig.db.query('SET LOCAL idle_in_transaction_session_timeout = 0');
    await rig.db.query(lock);
    const asked = request();
    const waiting = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'`;
    // Within one transaction Postgres would answer the same again and again.
    const look = () => rig.db.transaction({ propagation: 'requires-new' }, () => rig.db.query(waiting));
    await waitUntil(async () => (await look()).rowCount === 1, { what: 'the request to wait' });
    const { thaw } = freezePostgres();
    return await asked.finally(thaw);
  });
}

describe('with an S3 that hangs', () => {
  it('a photo is neither stored nor read, and that is said while the client waits', async () => {
    await using s3 = await frozenS3();
    const directory = await mkdtemp(join(tmpdir(), 'silly-face-frozen-'));
    const file = join(directory, 'photo.jpg');
    await writeFile(file, 'a photo');
    const begun = performance.now();
    const unavailable = { name: 'PhotoError', code: 'storage-unavailable' };
    await Promise.all([
      expect(s3.storage.put(file, 'photos/1')).rejects.toMatchObject(unavailable),
      expect(s3.storage.read('photos/1', new AbortController().signal)).rejects.toMatchObject(unavailable),
      expect(s3.storage.remove(['photos/1'])).rejects.toMatchObject(unavailable),
    ]);
    expect(performance.now() - begun).toBeLessThan(PATIENCE_MS);
    await rm(directory, { recursive: true, force: true });
  });

  it('in the middle of an answer, what it was asked fails as well, and its connections are given up', async () => {
    await using s3 = await frozenS3(BEGUN);
    const unavailable = { name: 'PhotoError', code: 'storage-unavailable' };
    const read = s3.storage.read('photos/1', new AbortController().signal);
    await Promise.all([
      expect(read.then((body) => buffer(body))).rejects.toThrow('Nothing came for'),
      expect(s3.storage.remove(['photos/1'])).rejects.toMatchObject(unavailable),
      expect(s3.storage.keysOlderThan('here', 0).next()).rejects.toMatchObject(unavailable),
    ]);
    await waitUntil(() => s3.connections === 0, { what: 'the connections to be closed' });
  });

  it('in the middle of a photo, its reader is cut off, and has no photo that ends early', async () => {
    await using s3 = await frozenS3(BEGUN);
    const read = vi.spyOn(rig.photos, 'read').mockImplementation((...of) => s3.storage.read(...of));
    const path = `/rounds/${guessing}/turns/1/photo`;
    const signal = AbortSignal.timeout(PATIENCE_MS);
    await rig.db.query('UPDATE turns SET photo_bytes = 100000');
    await expect(bert.get(path, { signal })).rejects.toMatchObject({ message: 'terminated' });
    read.mockRestore();
    await waitUntil(() => s3.connections === 0, { what: 'the connection to be closed' });
  });
});

/** What S3 says before it freezes: 5 kB of 100 kB. */
const BEGUN = `HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n${'<'.repeat(5000)}`;

interface FrozenS3 extends AsyncDisposable {
  readonly storage: PhotoStorage;
  readonly connections: number;
}

/** Takes what it is asked, says so much, and then nothing more. */
async function frozenS3(says = ''): Promise<FrozenS3> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)));
    socket.on('data', () => {}).once('data', () => socket.write(says));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const storage = new PhotoStorage({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'us-east-1',
    bucket: 'photos',
    accessKeyId: 'tester',
    secretAccessKey: 'a secret of tests',
  });
  return {
    storage,
    get connections() {
      return sockets.size;
    },
    async [Symbol.asyncDispose]() {
      await storage.close();
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
