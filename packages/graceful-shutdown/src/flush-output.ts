import type { Writable } from 'node:stream';

/**
 * process.exit() drops what stdout and stderr still hold when they are pipes whose reader is slow. Waits for them, but no
 * longer than the limit: a reader that is stuck must not keep a dying process.
 */
export async function flushOutput(limitMs: number): Promise<void> {
  const flushed = Promise.all([flush(process.stdout), flush(process.stderr)]);
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([flushed, limit]);
  clearTimeout(timer);
}

async function flush(stream: Writable): Promise<void> {
  if (stream.writableLength === 0 || stream.destroyed) return;
  // The callback comes with an error too when the reader has gone.
  await new Promise<void>((resolve) => void stream.write('', () => resolve()));
}
