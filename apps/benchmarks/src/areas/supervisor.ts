import { freePort } from '@silly-face/postgres-local';
import { interleave } from '../harness/interleave.ts';
import { type Area, medianRow, totalRow } from '../harness/row.ts';
import { type Candidate, pm2, script } from '../supervisor/candidates.ts';
import { crash, requestsPerCrash, serving } from '../supervisor/crash.ts';

/** The application is killed again and again under each supervisor, while a request is sent every 2 ms. */
export const area: Area = async ({ quick, log }) => {
  const names = ['ours', 'bare respawn', 'forever-monitor 3', 'pm2 7 fork'] as const;
  const ports: Record<string, number> = {};
  for (const name of names) ports[name] = await freePort();
  const port = (name: (typeof names)[number]): number => ports[name] as number;

  const candidates: Candidate[] = [];
  try {
    candidates.push(script('under-ours.js', port('ours')));
    candidates.push(script('under-respawn.js', port('bare respawn')));
    candidates.push(script('under-forever.js', port('forever-monitor 3')));
    candidates.push(await pm2(port('pm2 7 fork')));
    for (const name of names) await serving(port(name));

    const rounds = quick ? 3 : 20;
    log(`supervisor: ${rounds} crashes each`);
    const measure = (name: (typeof names)[number]) => async () => {
      const result = await crash(port(name));
      await serving(port(name));
      return result;
    };
    const crashes = await interleave(
      Object.fromEntries(names.map((name) => [name, measure(name)])) as Record<
        (typeof names)[number],
        ReturnType<typeof measure>
      >,
      rounds,
    );
    const each = <T>(of: (results: (typeof crashes)['ours']) => T): Record<string, T> =>
      Object.fromEntries(names.map((name) => [name, of(crashes[name])]));
    return [
      medianRow(
        each((results) => results.map(({ recoveryMs }) => recoveryMs)),
        {
          dimension: 'SIGKILL of the application to serving again, no spare',
          unit: 'ms',
          better: 'lower',
          against: 'bare respawn',
          goalRatio: 1.1,
        },
      ),
      totalRow(
        each((results) => results.reduce((total, { lost }) => total + lost, 0)),
        {
          dimension: 'requests lost in the 0.6 s after each of those crashes, fresh connections only',
          unit: 'requests',
          better: 'lower',
          against: 'bare respawn',
          n: requestsPerCrash * rounds,
          goalTotal: 0,
        },
      ),
    ];
  } finally {
    for (const candidate of candidates) await candidate.stop();
  }
};
