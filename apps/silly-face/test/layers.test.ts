import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const source = fileURLToPath(new URL('../src/', import.meta.url));

/** What each layer may import of the others: those to its left, and nothing to its right. */
const LAYERS: Record<string, string[]> = {
  game: [],
  photo: ['config.ts', 'turns.ts'],
  store: ['game', 'turns.ts'],
  directory: ['store', 'config.ts'],
  party: ['game', 'directory', 'config.ts', 'turns.ts'],
  http: ['game', 'photo', 'store', 'directory', 'config.ts'],
  nginx: ['config.ts'],
  processes: ['game', 'photo', 'store', 'directory', 'party', 'http', 'config.ts'],
};

interface Import {
  readonly from: string;
  readonly to: string;
}

function filesOf(layer: string): string[] {
  return readdirSync(join(source, layer), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(source, layer, name));
}

function importsOf(layer: string): Import[] {
  return filesOf(layer).flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'(?<specifier>[^']+)'/g)].map(
      ({ groups }) => {
        const specifier = groups?.specifier ?? '';
        return {
          from: relative(source, file),
          to: specifier.startsWith('.') ? relative(source, join(file, '..', specifier)) : specifier,
        };
      },
    ),
  );
}

const isOurs = (to: string): boolean => to.endsWith('.ts');
const layerOf = (path: string): string => path.split(sep)[0] ?? '';

describe('imports never go to the right:', () => {
  it.each(Object.keys(LAYERS))('%s', (layer) => {
    expect(importsOf(layer).length).toBeGreaterThan(0);
    const wrong = importsOf(layer).filter(
      ({ to }) => isOurs(to) && layerOf(to) !== layer && !LAYERS[layer]?.includes(layerOf(to)),
    );
    expect(wrong).toEqual([]);
  });

  it('the rules of the game import nothing but themselves', () => {
    expect(importsOf('game').filter(({ to }) => !isOurs(to))).toEqual([]);
  });

  it('the rules of the game have no clock and no dice of their own', () => {
    for (const file of filesOf('game'))
      expect(readFileSync(file, 'utf8')).not.toMatch(
        /\bDate\b|Math\.random|performance|process\.|crypto|setTimeout/,
      );
  });

  it('only the store speaks SQL', () => {
    for (const layer of ['game', 'photo', 'http', 'processes'])
      expect(
        importsOf(layer).filter(({ to }) => to === 'pg' || to === '@silly-face/pg-pool-transactions'),
      ).toEqual([]);
  });
});
