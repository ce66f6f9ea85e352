import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Context, limitRow, type Row } from '../harness/row.ts';
import type { Place } from './place.ts';
import { withCandidates } from './running.ts';

const GiB = 2 ** 30;

/** A file that is larger than anybody's memory. */
export async function measureSparse({ quick, log }: Context, place: Place): Promise<Row[]> {
  if (quick) return [];
  const file = { path: join(place.directory, 'sparse'), bytes: 20 * GiB };
  writeFileSync(file.path, '');
  truncateSync(file.path, file.bytes);
  const what = `one sparse file of ${file.bytes / GiB} GiB over http`;
  log(`s3: ${what}`);
  const { peakBytes } = await withCandidates(['ours'], 'http', place, (tasks) =>
    tasks({ file, bucket: 'sink', times: 1, atOnce: 1, isForMemory: true }).ours(),
  );
  if (peakBytes === undefined) {
    log('s3: no row of the memory, which this system does not tell');
    return [];
  }
  const dimension = `${what}: peak memory of the client above idle`;
  return [limitRow([peakBytes / 2 ** 20], { dimension, unit: 'MiB', better: 'lower', limit: 40 })];
}
