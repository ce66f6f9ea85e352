import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { walk } from '../many/walk.ts';
import type { Arguments } from './arguments.ts';
import { isFolder } from './arguments.ts';

/** What goes where. */
export interface Plan {
  files: { filePath: string; key: string }[];
  directories: { directory: string; prefix: string }[];
}

export async function planOf({ filePaths, key, recursive }: Arguments): Promise<Plan> {
  const plan: Plan = { files: [], directories: [] };
  for (const filePath of filePaths) {
    if (recursive && (await isDirectory(filePath))) {
      plan.directories.push({ directory: filePath, prefix: prefixOf(filePath, key) });
    } else {
      plan.files.push({ filePath, key: isFolder(key) ? key + basename(filePath) : key });
    }
  }
  return plan;
}

/** As cp has it: a directory keeps its name in a folder, `directory/.` stands for what is in it. */
function prefixOf(directory: string, key: string): string {
  const name = basename(directory);
  if (!isFolder(key) || name === '.' || name === '..' || name === '') return key;
  return key + name;
}

/** What is not there fails later, with a better reason. */
const isDirectory = async (path: string): Promise<boolean> =>
  await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );

/** How much there is to do, as far as it can be looked at. Undefined when it is aborted. */
export async function totalOf(
  { files, directories }: Plan,
  signal: AbortSignal,
): Promise<{ files: number; bytes: number } | undefined> {
  const total = { files: 0, bytes: 0 };
  for await (const filePath of pathsIn(files, directories)) {
    if (signal.aborted) return undefined;
    total.files += 1;
    total.bytes += await stat(filePath).then(
      (stats) => stats.size,
      () => 0,
    );
  }
  return total;
}

async function* pathsIn(
  files: Plan['files'],
  directories: Plan['directories'],
): AsyncGenerator<string, void, void> {
  yield* files.map(({ filePath }) => filePath);
  for (const { directory } of directories) {
    for await (const found of walk(directory)) if (found.kind === 'file') yield found.filePath;
  }
}
