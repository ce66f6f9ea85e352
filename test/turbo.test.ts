// What turbo's cache knows: a build is made again exactly when something it is made of changed; tests always run.
import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from './workspaces.ts';

interface Task {
  taskId: string;
  hash: string;
  resolvedTaskDefinition: { cache: boolean };
}

let copy: string;

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'turbo-'));
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
    .split('\0')
    .filter((file) => file && existsSync(join(root, file)));
  for (const file of files) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(root, file), join(copy, file), { force: true });
  }
  execFileSync('git', ['init', '-q'], { cwd: copy });
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

function tasks(...names: string[]): Map<string, Task> {
  const turbo = join(root, 'node_modules/.bin/turbo');
  const json = execFileSync(turbo, ['run', ...names, '--dry=json'], {
    cwd: copy,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return new Map((JSON.parse(json) as { tasks: Task[] }).tasks.map((task) => [task.taskId, task]));
}

function changed(before: Map<string, Task>, after: Map<string, Task>): string[] {
  return [...before.keys()].filter((id) => before.get(id)?.hash !== after.get(id)?.hash);
}

test('a changed source rebuilds its package and those that depend on it, no other', () => {
  const before = tasks('build');
  appendFileSync(join(copy, 'packages/s3-put/src/index.ts'), '\n// changed\n');
  const rebuilt = changed(before, tasks('build'));
  expect(rebuilt).toEqual(expect.arrayContaining(['@silly-face/s3-put#build', '@silly-face/backend#build']));
  expect(rebuilt).not.toContain('@silly-face/supervisor#build');
});

test('a changed test or README rebuilds nothing', () => {
  const before = tasks('build');
  appendFileSync(join(copy, 'packages/s3-put/README.md'), '\nchanged\n');
  appendFileSync(join(copy, 'README.md'), '\nchanged\n');
  expect(changed(before, tasks('build'))).toEqual([]);
});

test.each(['tsconfig.base.json', 'tsconfig.build.json'])('a changed %s rebuilds everything', (file) => {
  const before = tasks('build');
  appendFileSync(join(copy, file), '\n');
  expect(changed(before, tasks('build'))).toEqual([...before.keys()]);
});

test.each([
  { step: 'tighten', own: 'graceful-shutdown', other: 'supervisor' },
  { step: 'bundle', own: 'supervisor', other: 'graceful-shutdown' },
])('a changed $step, the last step of a build, makes that build again', ({ step, own, other }) => {
  const before = tasks('build');
  appendFileSync(join(copy, `scripts/${step}.mjs`), '\n// changed\n');
  const rebuilt = changed(before, tasks('build'));
  expect(rebuilt).toContain(`@silly-face/${own}#build`);
  expect(rebuilt).not.toContain(`@silly-face/${other}#build`);
});

test('a changed check of packages checks all of them again', () => {
  const before = tasks('check');
  appendFileSync(join(copy, 'scripts/check-package.mjs'), '\n// changed\n');
  const checks = [...before.keys()].filter((id) => id.endsWith('#check'));
  expect(changed(before, tasks('check'))).toEqual(expect.arrayContaining(checks));
});

test('tests are never cached', () => {
  const tests = [...tasks('test', 'test:house').values()].filter(({ taskId }) => /#test/.test(taskId));
  expect(tests.length).toBeGreaterThan(6);
  for (const { taskId, resolvedTaskDefinition } of tests)
    expect([taskId, resolvedTaskDefinition.cache]).toEqual([taskId, false]);
});
