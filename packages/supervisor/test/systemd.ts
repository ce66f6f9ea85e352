import { spawnSync } from 'node:child_process';
import { bringDebianPackage } from '@silly-face/testing';
import type { TestContext } from 'vitest';

/** Skips the test where these commands cannot be had. */
export async function requireSystemd(context: TestContext, ...commands: readonly string[]): Promise<void> {
  const isThere = (): boolean => commands.every((command) => spawnSync(command, ['--version']).status === 0);
  const reason = await bringDebianPackage(['systemd', 'perl-base'], isThere);
  if (reason) context.skip(reason);
}
