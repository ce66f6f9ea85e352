// Who may enter which room.
import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { publishedPackages, root, sources } from './workspaces.ts';

function siblingsImportedBy(directory: string): string[] {
  return sources(directory).flatMap(({ path, text }) =>
    [
      ...text.matchAll(
        /(?:from|import)\s*\(?\s*['"](@silly-face\/[^'"]+|(?:\.\.\/)+(?:packages|apps)\/[^'"]+)['"]/g,
      ),
    ].map(([, specifier]) => `${path} imports ${specifier}`),
  );
}

describe.each(publishedPackages())('$manifest.name', ({ directory, manifest }) => {
  test('stands alone: its code imports no other package of this repository', () => {
    expect(siblingsImportedBy(`${directory}/src`)).toEqual([]);
    const whatPeopleInstall = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
    expect(whatPeopleInstall.filter((name) => name.startsWith('@silly-face/'))).toEqual([]);
  });

  test('is named after its folder', () => {
    expect(manifest.name).toBe(`@silly-face/${basename(directory)}`);
  });
});

test('the bots are strangers: they import nothing of this repository', () => {
  expect(siblingsImportedBy(`${root}apps/bots/src`)).toEqual([]);
});
