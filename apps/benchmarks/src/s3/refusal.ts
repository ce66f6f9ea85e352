import { interleave } from '../harness/interleave.ts';
import { type Context, medianRow, type Row, totalRow } from '../harness/row.ts';
import type { CandidateName } from './candidates.ts';
import type { Place } from './place.ts';
import { valuesOf, withCandidates } from './running.ts';
import { forbiddenBucket } from './sink-answers.ts';

const names = [
  'ours',
  'ours, in one PUT',
  'SDK stream',
  'SDK stream, own agent',
  'lib-storage',
  'lib-storage tuned',
  'minio',
] as const satisfies CandidateName[];

/** A large file into a bucket that is not ours to write to: what is sent in vain. */
export async function measureRefusal({ quick, log }: Context, place: Place): Promise<Row[]> {
  const file = place.large;
  const rounds = quick ? 1 : 3;
  const what = `one file of ${file.bytes / 2 ** 20} MiB that is refused with 403`;
  log(`s3: ${rounds} rounds of ${what}`);
  const samples = await withCandidates(names, 'http', place, (tasks) =>
    interleave(tasks({ file, bucket: forbiddenBucket, times: 1, atOnce: 1 }), rounds),
  );
  for (const [name, measured] of Object.entries(samples))
    for (const { failures } of measured)
      if (!/AccessDenied|Access Denied/.test(failures.join())) throw new Error(`${name} was not refused`);
  const bodies = valuesOf(samples, ({ bodyBytes }) => bodyBytes);
  const totals = Object.entries(bodies).map(([name, bytes]) => [name, bytes.reduce((sum, n) => sum + n, 0)]);
  const against = 'lib-storage';
  return [
    totalRow(Object.fromEntries(totals) as Record<string, number>, {
      dimension: `${what}: of it, sent in vain`,
      unit: 'bytes',
      better: 'lower',
      against,
      n: rounds,
      goalTotal: 0,
    }),
    medianRow(
      valuesOf(samples, ({ requests }) => requests),
      { dimension: `${what}: requests`, unit: 'requests', better: 'lower', against, goalValue: 1 },
    ),
  ];
}
