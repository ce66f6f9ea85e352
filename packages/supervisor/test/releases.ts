import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

/** The link in the folder that leads to the script of the present release. */
export function currentRelease(folder: string): string {
  return join(folder, 'current');
}

/** From now on it leads to this script. */
export function release(folder: string, script: string): void {
  rmSync(currentRelease(folder), { force: true });
  symlinkSync(script, currentRelease(folder));
}
