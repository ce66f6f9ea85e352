// The release, as far as it goes without publishing.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { publishedPackages, root } from './workspaces.ts';

test(
  'the dry run names each package that a changeset releases, and changes nothing here',
  { timeout: 300_000 },
  () => {
    const status = (): string =>
      execFileSync('git', ['status', '--porcelain'], { cwd: root, encoding: 'utf8' });
    const before = status();
    const printed = execFileSync(process.execPath, ['scripts/release.mjs', '--dry-run'], {
      cwd: root,
      encoding: 'utf8',
    });
    const changesets = readdirSync(`${root}.changeset`)
      .filter((name) => name.endsWith('.md'))
      .map((name) => readFileSync(`${root}.changeset/${name}`, 'utf8'))
      .join('\n');
    const released = publishedPackages().filter(({ manifest }) => changesets.includes(manifest.name));
    for (const { manifest } of released)
      expect(printed).toMatch(new RegExp(`Skip publishing ${manifest.name}@\\d+\\.\\d+\\.\\d+ `));
    expect(status()).toBe(before);
  },
);
