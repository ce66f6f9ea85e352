// What stands at the end of a test run, for who sees no more of it than that.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root } from './workspaces.ts';

const SCRIPTS = ['test-summary', 'soak'].map((name) => `scripts/${name}.mjs`);

let house: string;

beforeEach(() => {
  // With a space, which a URL has as %20.
  house = mkdtempSync(join(tmpdir(), 'the house-'));
  for (const path of ['package.json', 'vitest.config.ts', 'testing/setup', ...SCRIPTS])
    cpSync(join(root, path), join(house, path), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(house, 'node_modules'));
});
afterEach(() => rmSync(house, { recursive: true, force: true }));

const passing = "import { it } from 'vitest';\nit('passes', () => {});\n";

function write(path: string, text: string): void {
  mkdirSync(dirname(join(house, path)), { recursive: true });
  writeFileSync(join(house, path), text);
}

function runTests(workspace: string): void {
  const vitest = join(root, 'node_modules/.bin/vitest');
  const args = ['run', '--config', join(house, 'vitest.config.ts'), '--root', join(house, workspace)];
  spawnSync(vitest, args, { cwd: house });
}

/** What is printed, with the major version of Node left out. */
function summary(
  env: Record<string, string> = {},
  script = 'scripts/test-summary.mjs',
): { status: number | null; printed: string } {
  const { CI: _ci, ...inherited } = process.env;
  const { status, stdout } = spawnSync(process.execPath, [script], {
    cwd: house,
    env: { ...inherited, ...env },
    encoding: 'utf8',
  });
  return { status, printed: stdout.replaceAll(/-node\d+/g, '') };
}

test('the end of a run names each failure with its workspace, its file and the beginning of what it said', () => {
  write('packages/good/test/good.test.ts', passing);
  write(
    'packages/bad/test/bad.test.ts',
    `import { afterAll, describe, expect, it } from 'vitest';
describe('a thing', () => {
  it('is as it is', () => expect({ a: 1 }).toEqual({ a: 2 }));
  it('has its reasons', () => {
    const cause = new Error('below');
    throw new TypeError('above\\n2\\n3\\n4\\n5', { cause });
  });
});
describe('another', () => {
  afterAll(() => {
    throw new Error('left open');
  });
  it('passes', () => {});
});
it('warns', () => process.emitWarning('careful'));
it('leaves something behind', () => void Promise.reject(new Error('late')));
`,
  );
  write('packages/bad/test/missing.test.ts', "import './nowhere.ts';\n");
  runTests('packages/good');
  runTests('packages/bad');
  const { status, printed } = summary();
  expect(status).toBe(1);
  expect(printed).toContain(`failed: bad: test/bad.test.ts: a thing > is as it is
    AssertionError: expected { a: 1 } to deeply equal { a: 2 }
      at test/bad.test.ts:3:44
`);
  expect(printed).toContain(`failed: bad: test/bad.test.ts: a thing > has its reasons
    TypeError: above
    2
    3
    4
      at test/bad.test.ts:6:11
    caused by Error: below
      at test/bad.test.ts:5:19
`);
  expect(printed).toContain(`failed: bad: test/bad.test.ts: another
    Error: left open
      at test/bad.test.ts:11:11
`);
  expect(printed).toMatch(
    /failed: bad: test\/bad\.test\.ts\n {4}Error: Process warnings during this test file:\n {4}Warning: careful/,
  );
  expect(printed).toMatch(
    /failed: bad: test\/missing\.test\.ts\n {4}Error: Cannot find module '.\/nowhere.ts'/,
  );
  expect(printed).toMatch(/failed: bad: an unhandled error\n {4}Error: late\n/);
  expect(printed).toMatch(/\n4 passed, 6 failed, 0 skipped\n$/);
});

test('the end of a run names each skipped test with its reason, which fails under CI only', () => {
  write(
    'packages/good/test/good.test.ts',
    `${passing}it('flies', (context) => context.skip('no wings here'));\n`,
  );
  runTests('packages/good');
  const printed = 'skipped: good: flies: no wings here\n1 passed, 0 failed, 1 skipped\n';
  expect(summary()).toEqual({ status: 0, printed });
  expect(summary({ CI: 'true' })).toEqual({ status: 1, printed });
});

test('so does the end of a soak', () => {
  write(
    'apps/silly-face/test/soak/good.test.ts',
    `${passing}it('flies', (context) => context.skip('no wings here'));\n`,
  );
  const vitest = `exec '${join(root, 'node_modules/.bin/vitest')}' run --config ../../vitest.config.ts --root apps/silly-face`;
  for (const [name, does] of Object.entries({ turbo: '', pnpm: vitest })) {
    write(`bin/${name}`, `#!/bin/sh\n${does}\n`);
    chmodSync(join(house, 'bin', name), 0o755);
  }
  const soak = (env?: Record<string, string>): ReturnType<typeof summary> =>
    summary({ ...env, PATH: `${join(house, 'bin')}${delimiter}${process.env.PATH}` }, 'scripts/soak.mjs');
  const printed = 'skipped: silly-face: flies: no wings here\n1 passed, 0 failed, 1 skipped\n';
  expect(soak()).toEqual({ status: 0, printed: expect.stringContaining(printed) as string });
  expect(soak({ CI: 'true' })).toEqual({ status: 1, printed: expect.stringContaining(printed) as string });
});
