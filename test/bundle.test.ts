// The last step of the build of a package with many modules: what it leaves is the same program in few files.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root } from './workspaces.ts';

let project: string;

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'bundle-'));
  write(
    'package.json',
    '{ "type": "module", "exports": { ".": { "default": "./dist/index.js" } }, "bin": { "it": "./dist/cli/main.js" } }',
  );
  write('dist/index.js', `export { twice } from './parts/twice.js';`);
  write('dist/index.d.ts', `export { twice } from './parts/twice.js';`);
  write(
    'dist/cli/main.js',
    `import { twice } from '../parts/twice.js';\nconsole.log(await twice(process.argv[2]));`,
  );
  write(
    'dist/parts/twice.js',
    `export async function twice(text) { return (await import('./rare.js')).mark(text + text); }`,
  );
  write('dist/parts/rare.js', `export function mark(text) { return '… ' + text + ' ' + mark.name; }`);
});
afterEach(() => rmSync(project, { recursive: true, force: true }));

function write(file: string, text: string): void {
  mkdirSync(dirname(join(project, file)), { recursive: true });
  writeFileSync(join(project, file), text);
}

function bundle(): string {
  return execFileSync(process.execPath, [join(root, 'scripts/bundle.mjs')], {
    cwd: project,
    encoding: 'utf8',
    stdio: 'pipe',
  });
}

test('the modules come together, commands, names and lazy imports stay', () => {
  bundle();
  const files = readdirSync(join(project, 'dist'), { recursive: true, encoding: 'utf8' });
  expect(files.filter((file) => file.endsWith('.js')).toSorted()).toEqual([
    'cli/main.js',
    'index.js',
    'rare.js',
    'twice.js',
  ]);
  expect(existsSync(join(project, 'dist/index.d.ts'))).toBe(true);
  const said = execFileSync(process.execPath, ['dist/cli/main.js', 'a'], { cwd: project, encoding: 'utf8' });
  expect(said).toBe('… aa mark\n');
});

test('an import that cannot be found ends the build, and leaves what there was', () => {
  write('dist/parts/rare.js', `import 'nowhere';\nexport const mark = (text) => text;`);
  expect(bundle).toThrow('nowhere');
  expect(existsSync(join(project, 'dist/parts/rare.js'))).toBe(true);
});
