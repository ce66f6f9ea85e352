// Each area runs to its end and answers in the agreed form; what it measures in so short a time proves nothing.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const run = (...args: string[]): Promise<{ stdout: string; stderr: string }> =>
  promisify(execFile)(process.execPath, [main, ...args]);

test.each(['pg', 's3', 'graceful', 'supervisor', 'party', 'api', 'start'])(
  '%s answers with one JSON object',
  { timeout: 300_000 },
  async (area) => {
    const { stdout } = await run(area, '--quick', '--json');
    const number = expect.any(Number) as number;
    const text = expect.any(String) as string;
    const report = JSON.parse(stdout) as { rows: { rivals: Record<string, number>; against: string }[] };
    expect(report).toMatchObject({ area, quick: true, machine: { node: process.version } });
    expect(report.rows.length).toBeGreaterThan(0);
    for (const row of report.rows) {
      expect(row).toEqual({
        dimension: text,
        unit: text,
        better: expect.stringMatching(/^(lower|higher)$/) as string,
        ours: number,
        spread: expect.toSatisfy(
          (spread: unknown) => spread === null || typeof spread === 'number',
        ) as unknown,
        n: number,
        rivals: expect.any(Object) as unknown,
        against: expect.toBeOneOf(Object.keys(row.rivals)) as string,
        ratio: expect.toSatisfy((ratio: unknown) => ratio === null || typeof ratio === 'number') as unknown,
        goal: text,
        met: expect.any(Boolean) as boolean,
      });
      expect(new Set(Object.values(row.rivals).map((value) => typeof value))).toEqual(new Set(['number']));
    }
  },
);

test('an area that does not exist is refused with the names of those that do', async () => {
  await expect(run('teapots')).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(
      /No area is called teapots[^]*pg, s3, graceful, supervisor, party, api, start/,
    ) as string,
  });
});

test('a part that an area does not have is refused with the names of those it has', async () => {
  await expect(run('s3', '--only', 'teapots')).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/No part of s3 is called teapots; it has large, tls, small/) as string,
  });
});
