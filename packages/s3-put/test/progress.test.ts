import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { waitUntil } from '@silly-face/testing';
import { expect, test } from 'vitest';
import { cli } from './support/run.ts';
import { localS3 } from './support/s3-local.ts';
import { scripted, store } from './support/scripted-server.ts';
import type { Scene, ScriptedServer } from './support/scripted-server.ts';
import { inTerminal, noTerminal } from './support/terminal.ts';
import { folderWith, MiB, someBytes, temporaryFile } from './support/uploads.ts';

const missing = await noTerminal();

/** Answers only once it is told to. */
async function patient(): Promise<{
  server: ScriptedServer;
  release: () => void;
  environment: Record<string, string>;
}> {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const storing = store();
  const server = await scripted(async (...scene: Parameters<Scene>) => {
    await released;
    await storing(...scene);
  });
  const s3 = await localS3();
  return { server, release, environment: { ...s3.environment, AWS_ENDPOINT_URL_S3: server.endpoint } };
}

const TO_THE_END = '\u001B[K';

/** What was drawn over and over, one after the other. */
const drawn = (output: string): string[] =>
  output
    .split(TO_THE_END)
    .slice(0, -1)
    .map((part) => part.slice(part.lastIndexOf('\r') + 1))
    .filter((line) => line !== '');

test.for([80, 40, 200])(
  'In a terminal of %i columns one line tells how far all are, and goes',
  async (columns, context) => {
    if (missing !== undefined) context.skip(missing);
    const { release, environment } = await patient();
    const paths = [await temporaryFile(someBytes(3 * MiB), 'a.jpg'), await temporaryFile('b', 'b.txt')];
    const terminal = inTerminal([...paths, 's3://bucket/'], environment, { columns });
    await waitUntil(() => terminal.output().includes('of 3.0 MiB'), { what: 'the line' });
    release();
    expect(await terminal.exitCode).toBe(0);
    const lines = drawn(terminal.output());
    expect(lines.at(-1)).toMatch(/^ +\d+ %  (\[=* *\]  )?.* of 3\.0 MiB  /);
    for (const line of lines) expect(line.length).toBeLessThan(columns);
    // What stays is a line for each file.
    expect(visible(terminal.output())).toEqual([
      expect.stringContaining('s3://bucket/'),
      expect.stringContaining('s3://bucket/'),
    ]);
  },
);

test('Ctrl-C takes the line away, and the status is 130', async (context) => {
  if (missing !== undefined) context.skip(missing);
  const { server, environment } = await patient();
  const folder = await folderWith(...Array.from({ length: 20 }, (_, index) => `dir/${index}`));
  const terminal = inTerminal(['-r', join(folder, 'dir'), 's3://bucket'], environment);
  await waitUntil(() => terminal.output().includes('0 of 20 files'), { what: 'the line' });
  terminal.type('\u0003');
  expect(await terminal.exitCode).toBe(130);
  expect(visible(terminal.output())).toEqual(['s3-put: interrupted: 0 stored, 8 not, the rest not tried']);
  await waitUntil(() => server.connections.open.size === 0, { what: 'all connections to end' });
});

test.for(['--json', '--quiet', '--no-progress'])(
  'With %s a terminal shows no progress',
  async (option, context) => {
    if (missing !== undefined) context.skip(missing);
    const s3 = await localS3();
    s3.faults.next({ method: 'PUT', delayMs: 300 });
    const terminal = inTerminal([await temporaryFile('meow'), 's3://bucket/key', option], s3.environment);
    expect(await terminal.exitCode).toBe(0);
    expect(drawn(terminal.output())).toEqual([]);
  },
);

test('Elsewhere than in a terminal, --progress writes lines', async () => {
  const { release, environment } = await patient();
  const args = [cli, await temporaryFile(someBytes(MiB)), 's3://bucket/key', '--progress', '--json'];
  const child = spawn(process.execPath, args, { env: { ...process.env, ...environment } });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  await waitUntil(() => stderr.includes('of 1.0 MiB'), { what: 'a line' });
  release();
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(stderr).toMatch(/^(0 B {2}0 B\/s\n)?( +\d+ % {2}\[=* *\] {2}.* of 1\.0 MiB {2}.*\n)+$/);
});

/** The lines that are left to see in the end. */
function visible(output: string): string[] {
  const lines = output.split('\n').map((line) => {
    let shown = '';
    // A carriage return begins anew, and the escape sequence takes away what stood behind it.
    for (const part of line.replaceAll('^C', '').split('\r')) {
      if (part.endsWith(TO_THE_END)) shown = part.slice(0, -3);
      else if (part !== '') shown = part.startsWith(TO_THE_END) ? part.slice(3) : part;
    }
    return shown;
  });
  return lines.filter((line) => line !== '');
}
