import { spawnSync } from 'node:child_process';
import { interleave } from '../harness/interleave.ts';
import { type Context, medianRow, type Row } from '../harness/row.ts';
import type { CandidateName, File } from './candidates.ts';
import type { Place } from './place.ts';
import { valuesOf, withCandidates } from './running.ts';

const names = ['ours', 'SDK stream', 'lib-storage', 'raw node:http'] as const satisfies CandidateName[];

/** A file that no page cache holds, as after an encoder, a restart or a day: the disk takes part. */
export async function measureCold({ quick, log }: Context, place: Place): Promise<Row[]> {
  const file = place.large;
  const left = evict(file);
  if (left !== 0) {
    log(`s3: no row of a cold page cache: ${left}`);
    return [];
  }
  const rounds = quick ? 1 : 3;
  const dimension = `one file of ${file.bytes / 2 ** 20} MiB over http, none of it in the page cache`;
  log(`s3: ${rounds} rounds of ${dimension}`);
  const samples = await withCandidates(names, 'http', place, (tasks) => {
    const putting = (file: File): ReturnType<typeof tasks> =>
      tasks({ file, bucket: 'sink', times: 1, atOnce: 1 });
    const put = putting(file);
    const cold = Object.entries(put).map(([name, task]) => {
      const evictAndPut = (): ReturnType<typeof task> => {
        const left = evict(file);
        if (left !== 0) throw new Error(`The page cache was not emptied: ${left}`);
        return task();
      };
      return [name, evictAndPut];
    });
    return interleave(Object.fromEntries(cold) as typeof put, rounds, putting(place.warmUp));
  });
  return [
    medianRow(
      valuesOf(samples, ({ seconds }) => file.bytes / 1e6 / seconds),
      { dimension, unit: 'MB/s', better: 'higher', against: 'lib-storage', goalRatio: 1 },
    ),
  ];
}

/** Node cannot ask for it, coreutils' dd can, and fincore of util-linux tells whether it came true: 0, or what it says else. */
function evict({ path }: File): 0 | string {
  const dd = spawnSync(
    'dd',
    ['if=/dev/null', `of=${path}`, 'oflag=nocache', 'conv=notrunc,fdatasync', 'count=0'],
    { encoding: 'utf8' },
  );
  if (dd.status !== 0) return `dd: ${dd.error?.message ?? dd.stderr}`;
  const fincore = spawnSync('fincore', ['--bytes', '--noheadings', '--output', 'RES', path], {
    encoding: 'utf8',
  });
  if (fincore.status !== 0) return `fincore: ${fincore.error?.message ?? fincore.stderr}`;
  const resident = Number(fincore.stdout);
  return resident === 0 ? 0 : `${resident} bytes stay resident`;
}
