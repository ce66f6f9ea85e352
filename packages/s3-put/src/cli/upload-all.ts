import { S3PutError } from '../errors.ts';
import type { ManyProgress, PutManySummary, PutResult } from '../many/summary.ts';
import type { PutProgress } from '../progress.ts';
import type { S3Put } from '../s3-put.ts';
import type { Arguments } from './arguments.ts';
import { planOf, totalOf } from './plan.ts';
import type { Plan } from './plan.ts';
import { ProgressMeter } from './progress-meter.ts';
import { Report } from './report.ts';

/** True when everything is stored. After an interruption the rest is not tried. */
export async function uploadAll(given: Arguments, signal: AbortSignal): Promise<boolean> {
  // Not before it is needed: the SDK takes a third of a second to load, which --help and a typing error need not.
  const { S3Put } = await import('../s3-put.ts');
  const s3Put = new S3Put({ bucket: given.bucket, ...given.s3Put });
  const plan = await planOf(given);
  const meter = wantsProgress(given) ? new ProgressMeter(process.stderr) : undefined;
  const over = new AbortController();
  if (meter !== undefined && !isStdin(given)) {
    void totalOf(plan, AbortSignal.any([signal, over.signal])).then((total) => meter.expect(total));
  }
  const report = new Report({ ...given, meter });
  try {
    const surroundings = { signal, meter, report };
    const { stored, failed } = isStdin(given)
      ? await putStdin(s3Put, given, surroundings)
      : await putPlan(s3Put, plan, given, surroundings);
    meter?.stop();
    report.summary({ stored, failed, isInterrupted: signal.aborted });
    return failed === 0 && !signal.aborted;
  } finally {
    over.abort();
    meter?.stop();
    await s3Put.close();
  }
}

const wantsProgress = ({ progress, json, quiet }: Arguments): boolean =>
  progress ?? (process.stderr.isTTY && !json && !quiet);

const isStdin = ({ filePaths }: Arguments): boolean => filePaths[0] === '-';

interface Surroundings {
  signal: AbortSignal;
  meter: ProgressMeter | undefined;
  report: Report;
}

type Counts = Pick<PutManySummary, 'stored' | 'failed' | 'bytes'>;

async function putStdin(
  s3Put: S3Put,
  { key, headers }: Arguments,
  { signal, meter, report }: Surroundings,
): Promise<Counts> {
  const upload = { filePath: '-', key };
  try {
    const onProgress = ({ sentBytes }: PutProgress): void => {
      meter?.update({ stored: 0, failed: 0, sentBytes });
    };
    const answer = await s3Put.putStream(process.stdin, key, headers, { signal, onProgress });
    report.stored(upload, answer);
    return { stored: 1, failed: 0, bytes: answer.bytes };
  } catch (error) {
    if (!(error instanceof S3PutError)) throw error;
    report.failed(upload, error);
    return { stored: 0, failed: 1, bytes: 0 };
  }
}

/** The files, and then one directory after the other. */
async function putPlan(
  s3Put: S3Put,
  { files, directories }: Plan,
  { headers, parallel }: Arguments,
  { signal, meter, report }: Surroundings,
): Promise<Counts> {
  const onResult = ({ item, answer, error }: PutResult<{ filePath: string; key: string }>): void => {
    const upload = { filePath: item.filePath, key: item.key };
    if (error === undefined) report.stored(upload, answer);
    else report.failed(upload, error);
  };
  /** With what was done before. */
  const optionsAfter = (before: Counts) => ({
    signal,
    onResult,
    ...(parallel !== undefined && { parallel }),
    onProgress: (progress: ManyProgress): void => {
      const { stored, failed } = sum(before, progress);
      meter?.update({ stored, failed, sentBytes: before.bytes + progress.sentBytes });
    },
  });
  const items = files.map((file) => ({ ...file, headers }));
  let counts: Counts = await s3Put.putMany(items, optionsAfter({ stored: 0, failed: 0, bytes: 0 }));
  for (const { directory, prefix } of directories) {
    if (signal.aborted) break;
    try {
      const summary = await s3Put.putDirectory(directory, prefix, { ...optionsAfter(counts), headers });
      for (const entry of summary.skipped) report.skipped(entry);
      counts = sum(counts, summary);
    } catch (error) {
      if (!(error instanceof S3PutError)) throw error;
      report.failed({ filePath: directory, key: prefix }, error);
      counts = sum(counts, { stored: 0, failed: 1, bytes: 0 });
    }
  }
  return counts;
}

const sum = (one: Counts, other: Counts): Counts => ({
  stored: one.stored + other.stored,
  failed: one.failed + other.failed,
  bytes: one.bytes + other.bytes,
});
