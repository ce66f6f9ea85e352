import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Makes the names in a folder durable: a new or renamed file survives a power cut only once its folder is synced, too. */
export async function syncDirectory(path: string): Promise<void> {
  // Windows cannot open a folder for that, and NTFS journals names by itself.
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r').catch((error: unknown) => {
    // A folder that is gone by now has no names to keep.
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (!handle) return;
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export async function makeDirectory(path: string): Promise<void> {
  if ((await mkdir(path, { recursive: true })) !== undefined) await syncDirectory(dirname(path));
}

export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
