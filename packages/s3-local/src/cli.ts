#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { S3LocalError } from './errors.ts';
import type { S3LocalOptions } from './options.ts';
import { createS3Local } from './s3-local.ts';
import type { S3Local } from './s3-local.ts';

const usage = `Usage: s3-local <directory> [options]

  --port <number>    the port to listen on (default: a free one)
  --host <address>   the address to listen on (default: 127.0.0.1)
  --bucket <name>    a bucket that exists from the start; may be repeated
  --region <name>    the region that signatures have to name (default: us-east-1)
  --domain <name>    a host name below which a bucket may stand in front, as below localhost; may be repeated
  --help

Environment: S3_LOCAL_ACCESS_KEY_ID and S3_LOCAL_SECRET_ACCESS_KEY, the key pair that requests are signed with.
A socket handed down as descriptor 3 (LISTEN_FDS) is listened on instead of host and port.
`;

/** A terminal and npm both pass Ctrl-C on: the second of such a pair is not somebody losing patience. */
const duplicateSignalMs = 500;

try {
  await main();
} catch (error) {
  const isUsage = error instanceof S3LocalError ? error.code === 'EINVALIDOPTION' : isArgumentError(error);
  console.error(isUsage ? `s3-local: ${(error as Error).message}\n\n${usage}` : error);
  process.exitCode = isUsage ? 2 : 1;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      port: { type: 'string' },
      host: { type: 'string' },
      bucket: { type: 'string', multiple: true },
      region: { type: 'string' },
      domain: { type: 'string', multiple: true },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const [directory, ...others] = positionals;
  if (directory === undefined || others.length > 0) {
    throw new S3LocalError('EINVALIDOPTION', `Expected one directory, got ${positionals.length}`);
  }
  const options: S3LocalOptions = {
    directory,
    credentials: {
      accessKeyId: fromEnvironment('S3_LOCAL_ACCESS_KEY_ID'),
      secretAccessKey: fromEnvironment('S3_LOCAL_SECRET_ACCESS_KEY'),
    },
    ...(values.bucket && { buckets: values.bucket }),
    ...(values.domain && { domains: values.domain }),
    ...(values.region !== undefined && { region: values.region }),
    ...(hasInheritedSocket() ? { fd: 3 } : address(values)),
  };
  const s3 = await createS3Local(options);
  stopOnSignals(s3);
  console.log(`s3-local listens on ${s3.endpoint} and keeps its objects in ${directory}`);
  process.send?.('ready');
}

function address({
  host,
  port,
}: {
  host?: string | undefined;
  port?: string | undefined;
}): S3LocalOptionsAddress {
  return {
    ...(host !== undefined && { host }),
    ...(port !== undefined && { port: /^\d+$/.test(port) ? Number(port) : Number.NaN }),
  };
}

type S3LocalOptionsAddress = Pick<S3LocalOptions, 'host' | 'port'>;

function fromEnvironment(name: string): string {
  const value = process.env[name];
  if (value) return value;
  throw new S3LocalError('EINVALIDOPTION', `Expected ${name} in the environment`);
}

/** As sd_listen_fds(3) has it: descriptors from 3 on, meant for the process that LISTEN_PID names. */
function hasInheritedSocket(): boolean {
  const { LISTEN_FDS: count, LISTEN_PID: pid } = process.env;
  return Number(count) > 0 && (pid === undefined || pid === '' || Number(pid) === process.pid);
}

function stopOnSignals(s3: S3Local): void {
  let stoppingSinceMs: number | undefined;
  const stop = (signal: NodeJS.Signals): void => {
    if (stoppingSinceMs !== undefined) {
      if (performance.now() - stoppingSinceMs < duplicateSignalMs) return;
      process.exit(signal === 'SIGINT' ? 130 : 143);
    }
    stoppingSinceMs = performance.now();
    // Since Node.js 24 process.exit() can wait for ever for a background compiler that waits for this thread's garbage collection.
    setFlagsFromString('--no-concurrent-sparkplug');
    s3.close().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

function isArgumentError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}
