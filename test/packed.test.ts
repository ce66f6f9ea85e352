// Each package as a user gets it: packed, installed as a tarball into an empty project, used from an ES module, by require and
// from TypeScript, and its commands run.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { publishedPackages, root } from './workspaces.ts';

const run = promisify(execFile);
let project: string;

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'packed-'));
});
afterEach(() => rmSync(project, { recursive: true, force: true }));

const compilerOptions = {
  module: 'nodenext',
  target: 'es2023',
  lib: ['es2023', 'esnext.disposable'],
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: true,
  noEmit: true,
};

describe.each(publishedPackages())('$manifest.name', ({ directory, manifest }) => {
  test('works from its tarball in an empty project', { timeout: 300_000 }, async () => {
    await run('pnpm', ['pack', '--pack-destination', project], { cwd: directory });
    const tarball = readdirSync(project).find((name) => name.endsWith('.tgz')) as string;
    const { manifest: packed, files } = await insides(join(project, tarball));
    expect(JSON.stringify(packed)).not.toMatch(/workspace:|catalog:/);
    expect(files).toEqual(
      expect.arrayContaining(['package/README.md', 'package/LICENSE', 'package/dist/index.d.ts']),
    );
    expect(files.filter((file) => /\/(src|test)\/|tsbuildinfo/.test(file))).toEqual([]);

    const versions = { ...manifest.devDependencies, ...packed.devDependencies };
    const peers = Object.keys(packed.peerDependencies ?? {}).map((name) => `${name}@${versions[name]}`);
    const types = ['@types/node', '@types/pg'].flatMap((name) =>
      versions[name] ? [`${name}@${versions[name]}`] : [],
    );
    writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'empty', private: true }));
    writeFileSync(join(project, 'pnpm-workspace.yaml'), 'packages: []\nupdateNotifier: false\n');
    await run('pnpm', ['add', '--prefer-offline', `./${tarball}`, ...peers, ...types], { cwd: project });

    const names = await output(
      project,
      'esm.mjs',
      `import * as all from '${manifest.name}'; console.log(Object.keys(all).sort().join());`,
    );
    const required = `console.log(Object.keys(require('${manifest.name}')).filter((name) => name !== '__esModule').sort().join());`;
    expect(await output(project, 'cjs.cjs', required)).toBe(names);
    expect(names.split(',').length).toBeGreaterThan(0);

    const first = names.split(',')[0] as string;
    writeFileSync(
      join(project, 'consumer.mts'),
      `import { ${first} } from '${manifest.name}';\nexport const used: unknown = ${first};\n`,
    );
    writeFileSync(
      join(project, 'consumer.cts'),
      `import all = require('${manifest.name}');\nexport const used: unknown = all.${first};\n`,
    );
    writeFileSync(
      join(project, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['consumer.mts', 'consumer.cts'] }),
    );
    await run(join(root, 'node_modules/.bin/tsc'), ['-p', '.'], { cwd: project });

    for (const command of Object.keys(manifest.bin ?? {})) {
      const { stdout } = await run(join(project, 'node_modules/.bin', command), ['--help'], { cwd: project });
      expect(stdout).toContain(command);
    }
  });
});

async function insides(
  tarball: string,
): Promise<{ manifest: Record<string, Record<string, string>>; files: string[] }> {
  const { stdout: list } = await run('tar', ['-tzf', tarball]);
  const { stdout: manifest } = await run('tar', ['-xzOf', tarball, 'package/package.json']);
  return { manifest: JSON.parse(manifest), files: list.trim().split('\n') };
}

/** What a program prints; anything on stderr, such as a warning about require() of an ES module, fails. */
async function output(project: string, file: string, code: string): Promise<string> {
  writeFileSync(join(project, file), code);
  const { stdout, stderr } = await run(process.execPath, [file], { cwd: project });
  expect(stderr).toBe('');
  return stdout.trim();
}
