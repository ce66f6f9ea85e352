import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, onTestFinished } from 'vitest';

/** Removed after the test. */
export function temporaryFolder(): string {
  const folder = makeFolder();
  onTestFinished(() => remove(folder));
  return folder;
}

/** One for all tests of a file; removed after the last of them. */
export function folderOfTheFile(): string {
  const folder = makeFolder();
  afterAll(() => remove(folder));
  return folder;
}

function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), 'supervisor-test-'));
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
