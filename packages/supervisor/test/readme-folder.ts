import { readFileSync } from 'node:fs';
import { copyFile, mkdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { startNode, type ProgramRun } from './command-line.ts';
import { familyMark } from './nobody-stays.ts';

const packageRoot = new URL('../', import.meta.url);

export const readme = readFileSync(new URL('README.md', packageRoot), 'utf8');

/** The code under a heading of the README, in one of its languages. */
export function blocksOf(heading: string, language: string): string[] {
  const [, rest = ''] = readme.split(`\n## ${heading}\n`, 2);
  const [section = ''] = rest.split('\n## ', 1);
  return [...section.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm'))].map(
    ([, code = '']) => code,
  );
}

/** A folder of a user who has copied these blocks. Everything that is started in it ends with the test. */
export interface ReadmeFolder {
  readonly path: string;
  readonly env: NodeJS.ProcessEnv;
  /** Runs one of the files. */
  start(file: string): ProgramRun;
}

/** Each block says in its first line which file it is. `changes` to its text make it a guest on this machine. */
export async function readmeFolder(
  blocks: readonly string[],
  { changes, scripts }: { changes: ReadonlyMap<string, string>; scripts: Readonly<Record<string, string>> },
): Promise<ReadmeFolder> {
  // Within the package, where its name leads to its build.
  const parent = new URL('.readme/', packageRoot);
  const folder = new URL(`${process.pid}-${Math.random().toString(36).slice(2)}/`, parent);
  await mkdir(folder, { recursive: true });
  onTestFinished(async () => {
    await rm(folder, { recursive: true, force: true });
    // Another test may be at it.
    await rmdir(parent).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'ENOENT') throw error;
    });
  });
  const mark = familyMark();
  for (const block of blocks) {
    const [, name = ''] = /^\/\/ (\S+)\n/.exec(block) ?? [];
    let code = block;
    for (const [from, to] of changes) code = code.replaceAll(from, to);
    await writeFile(new URL(basename(name), folder), code);
  }
  for (const [name, source] of Object.entries(scripts)) await copyFile(source, new URL(name, folder));
  const path = fileURLToPath(folder);
  const env = { ...process.env, [mark.variable]: mark.value };
  return { path, env, start: (file) => startNode([file], { cwd: path, env }) };
}
