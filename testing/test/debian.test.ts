import { execFile } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { bringDebianPackage } from '@silly-face/testing';

const run = promisify(execFile);
const isRoot = process.getuid?.() === 0;

describe('with an apt-get of our own', () => {
  let directory: string;
  beforeEach((context) => {
    directory = mkdtempSync(join(tmpdir(), 'testing-'));
    if (!isRoot) context.skip('only root can install packages');
    vi.stubEnv('PATH', `${directory}:${process.env.PATH}`);
    vi.stubEnv('TMPDIR', directory); // Nobody waits for these.
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(directory, { recursive: true });
  });

  function aptGetDoes(install: string, update = ':'): void {
    const script = `#!/bin/sh
      cd '${directory}'
      case "$*" in
        --version) ;;
        update*) echo update >>log; ${update} ;;
        *) echo "$*" >>log; ${install} ;;
      esac`;
    writeFileSync(join(directory, 'apt-get'), script, { mode: 0o755 });
  }
  const log = (): string[] => readFileSync(join(directory, 'log'), 'utf8').trim().split('\n');
  const isUnpacked = (): boolean => existsSync(join(directory, 'unpacked'));

  test('two who need the same package install it once, and go on when it is ready for both', async () => {
    aptGetDoes('touch unpacked; until [ -e go-on ]; do sleep 0.02; done; touch configured');
    const bring = async (): Promise<unknown> => {
      const reason = await bringDebianPackage('face', isUnpacked);
      return reason ?? existsSync(join(directory, 'configured'));
    };
    const first = bring();
    await vi.waitUntil(isUnpacked, { timeout: 30_000 });
    const second = bring();
    // Nothing here was blocked by the installation, which waits for this.
    appendFileSync(join(directory, 'go-on'), '');
    expect(await Promise.all([first, second])).toEqual([true, true]);
    expect(log()).toEqual(['update', '-o DPkg::Lock::Timeout=60 install -qy --no-install-recommends face']);
  });

  test('several packages are one installation', async () => {
    aptGetDoes('touch unpacked');
    expect(await bringDebianPackage(['face', 'silly-face'], isUnpacked)).toBeUndefined();
    expect(log().at(-1)).toMatch(/ face silly-face$/);
  });

  test('the lists that somebody else reads at the moment are waited for', async () => {
    const held = `echo 'E: Could not get lock /var/lib/apt/lists/lock. It is held by process 1' >&2; exit 100`;
    aptGetDoes('touch unpacked', `[ -e tried ] || { touch tried; ${held}; }`);
    expect(await bringDebianPackage('face', isUnpacked)).toBeUndefined();
    expect(log().slice(0, 2)).toEqual(['update', 'update']);
  });

  test('a lock that cannot be had is the reason', async () => {
    aptGetDoes('touch unpacked');
    vi.stubEnv('TMPDIR', join(directory, 'nowhere'));
    expect(await bringDebianPackage('face', isUnpacked)).toMatch(
      /^Could not install face: .*nowhere.*: it cannot be locked$/,
    );
  });

  test.each([
    [
      'an installation that fails',
      `echo 'E: Unable to locate package face' >&2; exit 100`,
      /^Could not install face: [^]*install[^]*E: Unable to locate package face$/,
    ],
    ['a package that lacks the part', ':', /^Installed face, but what the test needs is not there$/],
  ])('%s is the reason, and the lock is free again', async (_what, install, reason) => {
    aptGetDoes(install);
    for (const isThere of [isUnpacked, () => false]) {
      expect(await bringDebianPackage('face', isThere)).toMatch(reason);
    }
  });
});

test('a real package is brought', { timeout: 300_000 }, async (context) => {
  const isThere = (): boolean => existsSync('/usr/bin/hello');
  if (isThere()) context.skip('the package hello is there already');
  const missing = await bringDebianPackage('hello', isThere);
  if (missing) context.skip(missing);
  try {
    expect((await run('/usr/bin/hello', [])).stdout).toContain('ello');
  } finally {
    await run('apt-get', ['-o', 'DPkg::Lock::Timeout=200', 'purge', '-qy', 'hello']);
  }
});
