// Run in a package's folder by its `build` script, behind tsc: makes few files of many, as a hundred small modules cost a process
// ten megabytes, and the same code in a few files three. Every name stays; what is imported lazily stays a file of its own, and
// the declarations stay as they are.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { rolldown } from 'rolldown';

const { exports, bin = {} } = JSON.parse(readFileSync('package.json', 'utf8'));
const entries = [exports['.'].default, ...Object.values(bin)].filter((file) => file.endsWith('.js'));

const bundle = await rolldown({
  input: Object.fromEntries(entries.map((file) => [relative('dist', file).slice(0, -'.js'.length), file])),
  platform: 'node',
  external: /^node:/,
  onLog: (_level, log) => {
    throw new Error(log.message, { cause: log });
  },
});
// No hash in the names: they are in stack traces.
const { output } = await bundle.generate({ format: 'esm', comments: false, chunkFileNames: '[name].js' });
await bundle.close();

for (const name of readdirSync('dist', { recursive: true, encoding: 'utf8' })) {
  if (name.endsWith('.js')) rmSync(join('dist', name));
}
for (const { fileName, code } of output) {
  const file = join('dist', fileName);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, inLatin1(code));
}

/** V8 keeps a source with one other character, be it in a comment, as two bytes each. */
function inLatin1(code) {
  return code.replaceAll(/[^\0-\u00FF]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
