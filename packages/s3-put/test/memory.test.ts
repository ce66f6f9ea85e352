import { execFile } from 'node:child_process';
import { truncate } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { scriptedUploads } from './support/scripted-uploads.ts';
import { MiB, temporaryFile } from './support/uploads.ts';

const fixture = fileURLToPath(new URL('fixtures/memory.mjs', import.meta.url));

interface Memory {
  peak: number;
  kept: number;
  residentAfter: number[];
}

async function memoryOf(size: number, times: number, options: object): Promise<Memory> {
  const server = await scriptedUploads({
    // It keeps nothing of what it gets; its ETag is of a kind that is not compared.
    part: (request, response) => {
      if (request.headers.expect !== undefined) response.writeContinue();
      request.resume().once('end', () => response.writeHead(200, { etag: '"opaque"' }).end());
    },
    complete: (request, response) =>
      void request
        .resume()
        .once('end', () =>
          response.end(
            '<CompleteMultipartUploadResult><ETag>"opaque"</ETag></CompleteMultipartUploadResult>',
          ),
        ),
  });
  const filePath = await temporaryFile('');
  await truncate(filePath, size); // sparse
  const args = [
    '--expose-gc',
    fixture,
    JSON.stringify({ endpoint: server.endpoint, filePath, times, options }),
  ];
  const env = { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  return JSON.parse(stdout) as Memory;
}

test('A file takes the memory of what is under way, again and again, and keeps none', async () => {
  const size = 100 * MiB;
  const inParts = { multipartFromBytes: 5 * MiB, partBytes: 5 * MiB, parallelParts: 3, contentMD5: true };
  // Two pieces of a MiB, whatever the size; parts that are hashed in threads.
  const [whole, parts] = await Promise.all([
    memoryOf(size, 3, { multipartFromBytes: 1024 * MiB }),
    memoryOf(size, 3, inParts),
  ]);
  expect(whole.peak).toBeLessThan(8 * MiB);
  expect(parts.peak).toBeLessThan(15 * MiB + 8 * MiB);
  for (const { peak, kept, residentAfter } of [whole, parts]) {
    expect(peak).toBeGreaterThan(MiB / 2);
    expect(kept).toBeLessThan(MiB);
    // No put takes new memory that the first one had not.
    expect((residentAfter.at(-1) as number) - (residentAfter[0] as number)).toBeLessThan(size / 2);
  }
});
