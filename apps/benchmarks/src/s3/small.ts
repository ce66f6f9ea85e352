import { interleave } from '../harness/interleave.ts';
import { type Context, medianRow, type Row } from '../harness/row.ts';
import type { CandidateName } from './candidates.ts';
import type { Place } from './place.ts';
import { valuesOf, withCandidates } from './running.ts';

const names = ['ours', 'SDK', 'minio'] as const satisfies CandidateName[];
const atOnce = 8;

/** Many small files: photos, say. */
export async function measureSmall({ quick, log }: Context, place: Place): Promise<Row[]> {
  const file = place.small;
  const rounds = quick ? 1 : 9;
  const times = quick ? 200 : 2_000;
  const what = `files of ${file.bytes / 1024} KiB over http, ${atOnce} at a time`;
  log(`s3: ${rounds} rounds of ${times} ${what}`);
  const samples = await withCandidates(names, 'http', place, (tasks) => {
    const order = { file, bucket: 'sink', times, atOnce };
    // A first round warms up: whoever puts many small files has done so for a while.
    return interleave(tasks(order), rounds);
  });
  const against = 'SDK';
  return [
    medianRow(
      valuesOf(samples, ({ seconds }) => times / seconds),
      { dimension: what, unit: 'puts/s', better: 'higher', against, goalRatio: 3 },
    ),
    medianRow(
      valuesOf(samples, ({ cpuSeconds }) => (cpuSeconds * 1_000) / times),
      { dimension: `${what}: CPU of the client`, unit: 'ms/put', better: 'lower', against, goalRatio: 0.4 },
    ),
  ];
}
