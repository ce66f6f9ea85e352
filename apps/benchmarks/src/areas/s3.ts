import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certificate } from '@silly-face/testing';
import type { Area, Context, Row } from '../harness/row.ts';
import type { File } from '../s3/candidates.ts';
import { measureCold } from '../s3/cold.ts';
import { measureLarge, measureLargeTls } from '../s3/large.ts';
import { measureLocalStart } from '../s3/local-start.ts';
import type { Place } from '../s3/place.ts';
import { measureRefusal } from '../s3/refusal.ts';
import { startSink } from '../s3/running.ts';
import { measureSmall } from '../s3/small.ts';
import { measureSparse } from '../s3/sparse.ts';

const measurements: Record<string, (context: Context, place: Place) => Promise<Row[]>> = {
  large: measureLarge,
  tls: measureLargeTls,
  small: measureSmall,
  cold: measureCold,
  refusal: measureRefusal,
  sparse: measureSparse,
  start: measureLocalStart,
};

export const parts = Object.keys(measurements);

/** Files into a server that keeps nothing, which is faster than all who send to it. */
export const area: Area = async (context) => {
  const { quick, only = parts } = context;
  const directory = mkdtempSync(join(tmpdir(), 'bench-s3-'));
  const sink = await startSink();
  try {
    const certificateFile = join(directory, 'certificate.pem');
    writeFileSync(certificateFile, certificate.cert);
    const place = {
      sink,
      directory,
      certificateFile,
      small: fileOf(join(directory, 'small'), 64 * 1024),
      large: fileOf(join(directory, 'large'), (quick ? 32 : 1024) * MiB),
      warmUp: fileOf(join(directory, 'warm-up'), (quick ? 32 : 128) * MiB),
    };
    const rows: Row[] = [];
    for (const [part, measure] of Object.entries(measurements))
      if (only.includes(part)) rows.push(...(await measure(context, place)));
    return rows;
  } finally {
    await sink.stop();
    rmSync(directory, { recursive: true });
  }
};

const MiB = 2 ** 20;

function fileOf(path: string, bytes: number): File {
  const content = randomBytes(Math.min(bytes, MiB));
  for (let at = 0; at < bytes; at += content.length) writeFileSync(path, content, { flag: 'a' });
  return { path, bytes };
}
