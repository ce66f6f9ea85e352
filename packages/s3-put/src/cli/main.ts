#!/usr/bin/env node
import { constants } from 'node:os';
import { S3PutError } from '../errors.ts';
import { argumentsOf } from './arguments.ts';
import { uploadAll } from './upload-all.ts';
import { USAGE, UsageError } from './usage.ts';

const interrupted = new AbortController();
let interruptedAtMs: number | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    interruptedAtMs ??= performance.now();
    // Under npx a Ctrl-C comes twice: from the terminal and from npm. A second one that is meant ends the process at once.
    if (performance.now() - interruptedAtMs > 500) process.exit(128 + constants.signals[signal]);
    process.exitCode = 128 + constants.signals[signal];
    interrupted.abort();
  });
}

// Whoever read it may have seen enough (`| head`): no reason to stop.
process.stdout.on('error', () => undefined);

try {
  const given = argumentsOf(process.argv.slice(2));
  if (given === undefined) process.stdout.write(USAGE);
  else if (!(await uploadAll(given, interrupted.signal))) process.exitCode ??= 1;
} catch (error) {
  if (!isUsage(error)) throw error;
  process.stderr.write(`s3-put: ${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}

function isUsage(error: unknown): error is Error {
  return error instanceof UsageError || (error instanceof S3PutError && error.code === 'EINVALID');
}
