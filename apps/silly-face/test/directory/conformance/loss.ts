import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { waitUntil } from '@silly-face/testing';
import { describe, expect, it } from 'vitest';
import type { Directory } from '../../../src/directory/directory.ts';
import {
  checkedIn,
  connectTo,
  emptied,
  newProcess,
  newRoom,
  PATIENT,
  type Store,
  whileFrozen,
} from '../store.ts';

const UNAVAILABLE = ['DirectoryError directory-unavailable'];
const snapshot = { seq: 1, state: {} };
const hold = { room: 'room', fence: 1, owner: { id: 'h1/party-1/4711' } };

/** Each of its calls, as fast as they can be made. */
function everything(directory: Directory): Promise<unknown>[] {
  return [
    directory.checkIn(newProcess('party-1')),
    directory.heartbeat('h1/party-1/4711', { rooms: 0, connections: 0 }),
    directory.drain('h1/party-2/4711'),
    directory.expel('h1/party-2/4711'),
    directory.processes(),
    directory.locate('room'),
    directory.handOver(hold, 'h1/party-2/4711', snapshot),
    directory.release(hold, snapshot),
    directory.close(hold),
    directory.append([{ ...hold, entries: [] }]),
    directory.saveSnapshot(hold, snapshot),
    directory.replace(hold, snapshot),
    directory.load(hold),
    directory.issueSeat({ room: 'room', player: { id: 'p', name: 'n' } }, 1000),
    directory.redeemSeat('token'),
  ];
}

/** The distinct ends of all its calls. */
async function outcomesOf(calls: Promise<unknown>[]): Promise<unknown[]> {
  const outcomes = await Promise.allSettled(calls);
  return [
    ...new Set(
      outcomes.map((outcome) =>
        outcome.status === 'fulfilled' ? 'answered' : `${outcome.reason.name} ${outcome.reason.code}`,
      ),
    ),
  ];
}

function answersAgain(directory: Directory): Promise<true> {
  return waitUntil(
    () =>
      directory.processes().then(
        () => true as const,
        () => undefined,
      ),
    { what: 'the directory to answer again' },
  );
}

export function describeLoss(store: () => Store): void {
  describe('a directory whose store', () => {
    it('stops says so at each call, and answers again by itself with what it knew', async () => {
      const directory = await emptied(connectTo(store()));
      await checkedIn(directory, 'party-1');
      const room = newRoom();
      const claim = await directory.locate(room);
      await directory.append([{ ...claim, entries: [{ seq: 1, event: 'kept' }] }]);
      await store().stop();
      try {
        expect(await outcomesOf(everything(directory))).toEqual(UNAVAILABLE);
        expect(await outcomesOf(everything(directory))).toEqual(UNAVAILABLE);
      } finally {
        await store().start();
      }
      await answersAgain(directory);
      expect(await directory.load(claim)).toEqual({
        snapshot: undefined,
        log: [{ seq: 1, event: 'kept' }],
      });
      expect(await directory.locate(room)).toMatchObject({ fence: claim.fence });
    });

    it('is not there yet says so, and answers as soon as it is', async () => {
      await store().stop();
      let directory: Directory;
      try {
        directory = connectTo(store());
        expect(await outcomesOf(everything(directory))).toEqual(UNAVAILABLE);
      } finally {
        await store().start();
      }
      await answersAgain(directory);
    });

    it('freezes says so at each call, and answers again when it is thawed', async () => {
      const patient = await emptied(connectTo(store()));
      const [id] = await checkedIn(patient, 'party-1');
      const impatient = connectTo(store(), { answerMs: 500 });
      await answersAgain(impatient);
      await whileFrozen(store(), async () => {
        expect(await outcomesOf(everything(impatient))).toEqual(UNAVAILABLE);
        expect(await outcomesOf(everything(impatient))).toEqual(UNAVAILABLE);
        // One that has not connected yet.
        const late = connectTo(store(), { answerMs: 500 });
        expect(await outcomesOf(everything(late))).toEqual(UNAVAILABLE);
      });
      await answersAgain(impatient);
      await checkedIn(patient, 'party-1');
      expect(await patient.locate(newRoom())).toMatchObject({ owner: { id } });
    });

    it('is frozen can be left nevertheless', async () => {
      const directory = store().connect({ answerMs: 500 });
      await answersAgain(directory);
      await whileFrozen(store(), async () => {
        const asked = outcomesOf(everything(directory));
        await directory.disconnect();
        expect(await asked).toEqual(UNAVAILABLE);
      });
    });

    it('is stopped can be left nevertheless', async () => {
      const directory = store().connect(PATIENT);
      await directory.processes();
      await store().stop();
      try {
        await expect(directory.disconnect()).resolves.toBeUndefined();
        await expect(store().connect().disconnect()).resolves.toBeUndefined();
      } finally {
        await store().start();
      }
    });
  });

  describe('a directory that was disconnected', () => {
    it('refuses each call, and may be disconnected twice', async () => {
      const directory = store().connect(PATIENT);
      await directory.processes();
      await Promise.all([directory.disconnect(), directory.disconnect()]);
      expect(await outcomesOf(everything(directory))).toEqual(UNAVAILABLE);
      await directory.disconnect();
    });

    it('leaves nothing that keeps a process alive', async () => {
      const module = fileURLToPath(new URL('../../../dist/directory/open-directory.js', import.meta.url));
      const script = `
        const { openDirectory } = await import(${JSON.stringify(module)});
        const directory = openDirectory(process.env);
        await directory.issueSeat({ room: 'r', player: { id: 'p', name: 'n' } }, 1000);
        await directory.disconnect();
        await openDirectory(process.env).disconnect();
        console.log(process.getActiveResourcesInfo().filter((name) => name === 'Timeout'));`;
      // It ends by itself.
      const { stdout, stderr } = await promisify(execFile)(
        process.execPath,
        ['--input-type=module', '--eval', script],
        { env: { ...process.env, ...store().environment } },
      );
      expect({ stdout, stderr }).toEqual({ stdout: '[]\n', stderr: '' });
    });
  });
}
