import { readFileSync } from 'node:fs';
import { packageRoot } from './package-root.ts';

/** Of this package. */
export const packageVersion = (
  JSON.parse(readFileSync(new URL('package.json', packageRoot), 'utf8')) as { version: string }
).version;
