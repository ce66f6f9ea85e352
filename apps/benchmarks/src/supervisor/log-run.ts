import {
  closeSync,
  existsSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isAlive, waitUntil } from '@silly-face/testing';
import { now } from '../harness/now.ts';
import type { Candidate } from './candidates/candidate.ts';
import { lineStart, type LogOrder, type Started } from './log-order.ts';
import { residentMiB } from './memory.ts';
import type { Program } from './program.ts';

export interface LogRun {
  /** From the first line that was written to the moment in which the last one is in the file; null if it never comes. */
  seconds: number | null;
  peakMiB: number;
}

/** Lets a writer print under a supervisor that keeps it in a file, and hands that file over when the last line is in it. */
export async function runWriter(
  start: (program: Program) => Candidate | Promise<Candidate>,
  order: Pick<LogOrder, 'kind' | 'lines'>,
  read: (logFile: string) => void = () => {},
): Promise<LogRun> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-log-'));
  const logFile = join(directory, 'log');
  const startedFile = join(directory, 'started');
  let candidate: Candidate | undefined;
  try {
    const whole: LogOrder = { ...order, startedFile };
    candidate = await start({
      name: 'writer',
      run: { script: writer },
      env: { ORDER: JSON.stringify(whole) },
      logFile,
      restarts: false,
    });
    await waitUntil(() => existsSync(startedFile), { what: 'the writer to begin', intervalMs: 5 });
    const { pid, at } = JSON.parse(readFileSync(startedFile, 'utf8')) as Started;
    const endedAt = await lastLineIn(logFile, pid, lineStart(order.lines));
    const peakMiB = residentMiB(candidate.pid, 'at most');
    read(logFile);
    return { seconds: endedAt === null ? null : (endedAt - at) / 1_000, peakMiB };
  } finally {
    await candidate?.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

const writer = fileURLToPath(new URL('writer.js', import.meta.url));
/** So long after the end of the writer a file that does not grow has lost its last line. */
const quietMs = 500;

async function lastLineIn(logFile: string, pid: number, line: string): Promise<number | null> {
  let size = -1;
  let grownAt = now();
  for (const deadline = now() + LIMIT_MS; ;) {
    if (tailOf(logFile).includes(line)) return now();
    const newSize = existsSync(logFile) ? statSync(logFile).size : 0;
    if (newSize !== size || isAlive(pid)) grownAt = now();
    size = newSize;
    if (now() - grownAt > quietMs) return null;
    if (now() > deadline) throw new Error(`The writer did not end within ${LIMIT_MS} ms`);
    await sleep(5);
  }
}

function tailOf(file: string): string {
  if (!existsSync(file)) return '';
  const descriptor = openSync(file, 'r');
  try {
    const buffer = Buffer.alloc(TAIL_BYTES);
    const at = Math.max(0, fstatSync(descriptor).size - TAIL_BYTES);
    return buffer.toString('latin1', 0, readSync(descriptor, buffer, 0, TAIL_BYTES, at));
  } finally {
    closeSync(descriptor);
  }
}

const LIMIT_MS = 120_000;
const TAIL_BYTES = 4_096;
