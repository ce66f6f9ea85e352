import { execFile } from 'node:child_process';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { reEncode } from '../../src/photo/re-encode.ts';

/** A photo that comes through a pipe, and has its turn until it is let go: then it turns out to be none. */
export async function holdDecoder(directory: string): Promise<{ letGo: () => Promise<void> }> {
  const pipe = join(directory, 'pipe');
  await promisify(execFile)('mkfifo', [pipe]);
  const held = reEncode(pipe, `${pipe}.jpg`).catch((error: unknown) => error);
  const writer = await open(pipe, 'w'); // Waits for the reader.
  return {
    async letGo() {
      await writer.write('just words');
      await writer.close();
      await held;
    },
  };
}
