import { interleave } from '../harness/interleave.ts';
import { type Context, medianRow, type Row } from '../harness/row.ts';
import type { CandidateName, File } from './candidates.ts';
import type { Place } from './place.ts';
import { type Measured, valuesOf, withCandidates } from './running.ts';

const rivals = [
  'SDK stream',
  'lib-storage',
  'lib-storage tuned',
  'minio',
  'raw node:http',
] as const satisfies CandidateName[];

/** A large file over http: as by default, which is in parts; in one PUT, which takes less memory; and with Content-MD5. */
export async function measureLarge(context: Context, place: Place): Promise<Row[]> {
  const names = ['ours', 'ours, in one PUT', 'ours, with Content-MD5', ...rivals] as const;
  const samples = await measure(names, 'http', context, place);
  const {
    ours: inParts,
    'ours, in one PUT': inOnePut,
    'ours, with Content-MD5': withMd5,
    ...others
  } = samples;
  const what = `${sizeOf(place.large)} over http`;
  return [
    ...rowsInParts({ ours: inParts, ...others }, what, context),
    ...rowsInOnePut({ ours: inOnePut, 'ours, in parts': inParts, ...others }, what, context),
    medianRow(valuesOf({ ours: withMd5, 'ours, without': inParts, ...others }, megabytesPerSecond), {
      dimension: `${what}, ours with Content-MD5, the rivals without`,
      ...rate,
      against: 'lib-storage',
      goalRatio: 4,
    }),
  ];
}

/** The same file over https, with TLS 1.3 for all. */
export async function measureLargeTls(context: Context, place: Place): Promise<Row[]> {
  const names = ['ours', 'ours, in one PUT', ...rivals] as const;
  const samples = await measure(names, 'https', context, place);
  const dimension = `${sizeOf(place.large)} over https`;
  const speed = valuesOf(samples, megabytesPerSecond);
  return [
    medianRow(speed, { dimension, ...rate, against: 'lib-storage', goalRatio: 4.5 }),
    ...costs(samples, dimension, { cpuSeconds: 1.4, peakMiB: 40 }, context),
  ];
}

type Samples = Record<string, Measured[]>;

function rowsInParts(samples: Samples, dimension: string, context: Context): Row[] {
  const speed = valuesOf(samples, megabytesPerSecond);
  const connections = valuesOf(samples, ({ connections }) => connections);
  return [
    medianRow(speed, { dimension, ...rate, against: 'lib-storage', goalRatio: 7.5 }),
    medianRow(speed, {
      dimension: `${dimension}: beside the same reads and the same CRC32 by hand`,
      ...rate,
      against: 'raw node:http',
      goalRatio: 0.85,
    }),
    ...costs(samples, dimension, { cpuSeconds: 0.9, peakMiB: 40 }, context),
    medianRow(connections, {
      dimension: `${dimension}: connections that it took`,
      unit: 'connections',
      better: 'lower',
      against: 'lib-storage',
      goalValue: 4,
    }),
  ];
}

function rowsInOnePut(samples: Samples, what: string, context: Context): Row[] {
  const dimension = `${what}, ours in one PUT`;
  // It reads the file twice: the checksum goes before the body.
  return [
    medianRow(valuesOf(samples, megabytesPerSecond), {
      dimension,
      ...rate,
      against: 'raw node:http',
      goalRatio: 0.6,
    }),
    ...costs(samples, dimension, { cpuSeconds: 1.8, peakMiB: 12 }, context),
  ];
}

async function measure<Name extends CandidateName>(
  names: readonly Name[],
  scheme: 'http' | 'https',
  { quick, log }: Context,
  place: Place,
): Promise<Record<Name, Measured[]>> {
  const { large, warmUp } = place;
  const [rounds, memoryRounds] = quick ? [1, 1] : [5, 3];
  log(
    `s3: ${rounds} rounds of ${sizeOf(large)} over ${scheme} by ${names.length} candidates, ${memoryRounds} for the memory`,
  );
  return await withCandidates(names, scheme, place, async (tasks) => {
    const putting = (file: File, isForMemory: boolean): ReturnType<typeof tasks> =>
      tasks({ file, bucket: 'sink', times: 1, atOnce: 1, isForMemory });
    // First, while nothing is there that an earlier round has left.
    const ofMemory = await interleave(putting(large, true), memoryRounds, putting(warmUp, true));
    const timed = await interleave(putting(large, false), rounds, putting(warmUp, false));
    return Object.fromEntries(names.map((name) => [name, [...timed[name], ...ofMemory[name]]])) as Record<
      Name,
      Measured[]
    >;
  });
}

/** What it takes of the client's machine. */
function costs(
  samples: Samples,
  what: string,
  limits: { cpuSeconds: number; peakMiB: number },
  { log }: Context,
): Row[] {
  const cost = { better: 'lower', against: 'lib-storage' } as const;
  const cpu = valuesOf(samples, ({ cpuSeconds, order }) => cpuSeconds / (order.file.bytes / 2 ** 30));
  const peaks = valuesOf(samples, ({ peakBytes = Number.NaN }) => peakBytes / MiB, true);
  const rows = [
    medianRow(cpu, {
      dimension: `${what}: CPU of the client`,
      unit: 's/GiB',
      ...cost,
      goalValue: limits.cpuSeconds,
    }),
  ];
  if (Object.values(peaks).flat().some(Number.isNaN)) {
    log('s3: no row of the memory, which this system does not tell');
    return rows;
  }
  return [
    ...rows,
    medianRow(peaks, {
      dimension: `${what}: peak memory of the client above idle`,
      unit: 'MiB',
      ...cost,
      goalValue: limits.peakMiB,
    }),
  ];
}

const MiB = 2 ** 20;

const rate = { unit: 'MB/s', better: 'higher' } as const;

const sizeOf = ({ bytes }: File): string => `one file of ${bytes / MiB} MiB`;

const megabytesPerSecond = ({ seconds, order }: Measured): number => order.file.bytes / 1e6 / seconds;
