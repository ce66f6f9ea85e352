import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

export interface Manifest {
  name: string;
  version: string;
  bin?: Record<string, string>;
  dependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

/** The published packages: folder and package.json of each. */
export function publishedPackages(): { directory: string; manifest: Manifest }[] {
  return readdirSync(`${root}packages`)
    .map((name) => `${root}packages/${name}`)
    .filter((directory) => existsSync(`${directory}/package.json`))
    .map((directory) => ({
      directory,
      manifest: JSON.parse(readFileSync(`${directory}/package.json`, 'utf8')) as Manifest,
    }));
}

/** The TypeScript sources below a folder, with their text. */
export function sources(directory: string): { path: string; text: string }[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => ({ path: `${directory}/${path}`, text: readFileSync(`${directory}/${path}`, 'utf8') }));
}
