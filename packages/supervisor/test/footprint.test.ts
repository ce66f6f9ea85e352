import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

// Each of them takes megabytes of every supervisor that has no use for it.
const rarelyNeeded = new Set(['http', 'https', 'crypto', 'dns', 'zlib', 'inspector', 'perf_hooks']);

test('who imports it pays for no built-in module that only some supervisors need', () => {
  const before = loaded('');
  const added = loaded(`import '@silly-face/supervisor';`).filter((name) => !before.includes(name));
  expect(added).toContain('child_process');
  expect(added.filter((name) => rarelyNeeded.has(name))).toEqual([]);
});

function loaded(program: string): string[] {
  const list = `${program} console.log(JSON.stringify(process.moduleLoadList));`;
  const text = execFileSync(process.execPath, ['--input-type=module', '--eval', list], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  });
  return (JSON.parse(text) as string[]).map((name) => name.replace('NativeModule ', ''));
}
