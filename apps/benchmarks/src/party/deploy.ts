import { setTimeout as sleep } from 'node:timers/promises';
import { partyChildren, partySockets, planParty } from '@silly-face/backend/dist/party-children.js';
import { Supervisor } from '@silly-face/supervisor';
import { type Context, limitRow, type Row } from '../harness/row.ts';
import { RunningDirectory } from './directory.ts';
import { RunningMembers } from './running.ts';
import { percentile } from './percentile.ts';
import { ROOM_SIZE } from './settings.ts';

/** Members who say something once a second each during a deploy of all party processes. */
export async function measureDeploy({ quick, log }: Context): Promise<Row[]> {
  const [rounds, connections, durationMs] = quick ? [1, 400, 1_000] : [3, 5_000, 5_000];
  log(`party: ${connections} members who speak once a second, and ${rounds} deploys`);
  await using directory = await RunningDirectory.start();
  const plan = await planParty({ PARTY_PORT: '0', PARTY_WEB_SOCKET_PORT: '0' });
  const environment = { DATABASE_URL: directory.databaseUrl, LOG_LEVEL: 'warn', ...NOTHING_ELSE };
  const supervisor = new Supervisor({
    sockets: partySockets(plan),
    children: partyChildren(plan, { environment, after: [] }),
  });
  supervisor.on('output', ({ line }) => log(line));
  const crowds = [new RunningMembers(), new RunningMembers()];
  const samples = { returnMs: [] as number[], roomReturnMs: [] as number[] };
  try {
    await supervisor.start();
    const seats = await directory.seats('deploy', connections);
    const half = Math.ceil(seats.length / ROOM_SIZE / 2) * ROOM_SIZE;
    const shares = [seats.slice(0, half), seats.slice(half)];
    await Promise.all(crowds.map((crowd, index) => crowd.enter(shares[index] ?? [])));
    await Promise.all(crowds.map((crowd) => crowd.talk(1_000)));
    await sleep(durationMs); // Until all have found their pace.
    for (let round = 0; round < rounds; round += 1) {
      await reportOf(crowds);
      await supervisor.reload();
      await sleep(RETURN_MS);
      const { returnsMs, roomReturnsMs, missing } = await reportOf(crowds);
      log(`party: ${returnsMs.length} returns of ${roomReturnsMs.length} rooms`);
      // All processes were replaced, so each member was moved, to a process that was yet to be replaced or to a new one.
      if (missing > 0) throw new Error(`${missing} of ${seats.length} members have not come back`);
      samples.returnMs.push(percentile(returnsMs, 0.99));
      samples.roomReturnMs.push(percentile(roomReturnsMs, 0.99));
    }
  } finally {
    await Promise.all(crowds.map((crowd) => crowd.stop()));
    await supervisor.stop();
  }
  const members = `of ${connections} members in rooms of ${ROOM_SIZE} who speak once a second`;
  return [
    limitRow(samples.returnMs, {
      dimension: `p99 from MOVE to WELCOME in a deploy, ${members}`,
      unit: 'ms',
      better: 'lower',
      limit: 1_000,
    }),
    limitRow(samples.roomReturnMs, {
      dimension: `the same until all of a room are back`,
      unit: 'ms',
      better: 'lower',
      limit: 1_000,
    }),
  ];
}

/** The processes inherit the environment of this one. */
const NOTHING_ELSE = { REDIS_URL: '', PARTY_ADVERTISED_HOST: '' };

/** Whoever is not back so long after a deploy has lost his room. */
const RETURN_MS = 5_000;

async function reportOf(
  crowds: readonly RunningMembers[],
): Promise<Awaited<ReturnType<RunningMembers['report']>>> {
  const reports = await Promise.all(crowds.map((crowd) => crowd.report()));
  return {
    returnsMs: reports.flatMap(({ returnsMs }) => returnsMs),
    roomReturnsMs: reports.flatMap(({ roomReturnsMs }) => roomReturnsMs),
    missing: reports.reduce((total, { missing }) => total + missing, 0),
  };
}
