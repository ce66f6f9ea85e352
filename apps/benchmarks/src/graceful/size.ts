import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'oxc-parser';
import { type Context, medianRow, type Row, totalRow } from '../harness/row.ts';
import { each } from '../harness/each.ts';

const packages = {
  ours: '@silly-face/graceful-shutdown',
  'http-terminator': 'http-terminator',
  stoppable: 'stoppable',
  terminus: '@godaddy/terminus',
  'http-graceful-shutdown': 'http-graceful-shutdown',
  'close-with-grace': 'close-with-grace',
};
const names = Object.keys(packages) as (keyof typeof packages)[];

/** What is installed with each, its dependencies included. */
export async function measureSize({ log }: Context): Promise<Row[]> {
  log('graceful: the sizes of what is installed');
  const here = dirname(fileURLToPath(import.meta.url));
  const installed = each(names, (name) => installedWith(packages[name], here));
  const against = 'stoppable';
  return [
    medianRow(
      each(names, (name) => [
        [...installed[name]].reduce((kB, folder) => kB + javaScriptBytes(folder) / 1_000, 0),
      ]),
      {
        dimension: 'JavaScript without comments, dependencies included',
        unit: 'kB',
        better: 'lower',
        against,
        goalValue: 40,
      },
    ),
    totalRow(
      each(names, (name) => installed[name].size - 1),
      {
        dimension: 'dependencies, theirs included',
        unit: 'packages',
        better: 'lower',
        against,
        n: 1,
        goalTotal: 0,
      },
    ),
    totalRow(
      each(names, (name) => (bringsTypes([...installed[name]][0] as string) ? 1 : 0)),
      { dimension: 'types beside it', unit: '1 is yes', better: 'higher', against, n: 1, goalTotal: 1 },
    ),
  ];
}

interface Manifest {
  types?: string;
  typings?: string;
  exports?: unknown;
  dependencies?: Record<string, string>;
}

/** The folders of a package and of all that it depends on, itself first. */
function installedWith(name: string, from: string, found = new Set<string>()): Set<string> {
  const folder = folderOf(name, from);
  if (found.has(folder)) return found;
  found.add(folder);
  for (const dependency of Object.keys(manifestOf(folder).dependencies ?? {}))
    installedWith(dependency, folder, found);
  return found;
}

/** As Node looks for it; by hand, because a package need not let its `package.json` be resolved. */
function folderOf(name: string, from: string): string {
  for (let at = from; ; at = dirname(at)) {
    const folder = join(at, 'node_modules', name);
    if (existsSync(folder)) return realpathSync(folder);
    if (at === dirname(at)) throw new Error(`${name} is not installed beside ${from}`);
  }
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

function javaScriptBytes(folder: string): number {
  // Of a package of this repository, what would be published.
  const published = folder.includes('node_modules') ? '' : 'dist';
  let bytes = 0;
  for (const file of readdirSync(join(folder, published), { recursive: true, encoding: 'utf8' })) {
    if (!/\.[cm]?js$/.test(file) || /(^|\/)node_modules\//.test(file)) continue;
    bytes += Buffer.byteLength(withoutComments(file, readFileSync(join(folder, published, file), 'utf8')));
  }
  return bytes;
}

/** And without the lines that are empty then. */
function withoutComments(file: string, source: string): string {
  let text = '';
  let at = 0;
  for (const { start, end } of parseSync(file, source).comments) {
    text += source.slice(at, start);
    at = end;
  }
  return (text + source.slice(at)).replaceAll(/^\s*\n/gm, '');
}

function bringsTypes(folder: string): boolean {
  const { types, typings, exports } = manifestOf(folder);
  if (types !== undefined || typings !== undefined) return true;
  return JSON.stringify(exports ?? '').includes('.d.ts') || existsSync(join(folder, 'index.d.ts'));
}
