import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bringDebianPackage } from '@silly-face/testing';
import { expect, test, type TestContext } from 'vitest';
import { deployFile } from './files.ts';

/** What systemd says about a unit; it wants to find the program that it starts. */
function analyze(unit: string, ...args: string[]): { status: number | null; output: string } {
  const folder = mkdtempSync(join(tmpdir(), 'silly-face-unit-'));
  try {
    const file = join(folder, 'silly-face.service');
    writeFileSync(file, unit.replaceAll('/usr/bin/node', process.execPath));
    // Without the generators and units of this machine.
    const { status, stdout, stderr } = spawnSync('systemd-analyze', [...args, '--man=no', file], {
      encoding: 'utf8',
      env: { ...process.env, SYSTEMD_LOG_LEVEL: 'warning' },
    });
    return { status, output: `${stdout}${stderr}` };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function requireSystemd(context: TestContext): Promise<void> {
  const isThere = (): boolean => spawnSync('systemd-analyze', ['--version']).status === 0;
  const reason = await bringDebianPackage('systemd', isThere);
  if (reason) context.skip(reason);
}

test('the unit is valid', { timeout: 300_000 }, async (context) => {
  await requireSystemd(context);
  expect(aboutOurs(analyze(deployFile('silly-face.service'), 'verify').output)).toEqual([]);
});

test('a start that fails is tried again for as long as it takes', () => {
  const [, unit = '', service = ''] = deployFile('silly-face.service').split(
    /^\[(?:Unit|Service|Install)\]$/m,
  );
  // By default the fifth in ten seconds would be the last.
  expect(unit).toMatch(/^StartLimitIntervalSec=0$/m);
  expect(service).toMatch(/^Restart=on-failure$/m);
  expect(service).toMatch(/^RestartSec=5$/m);
  expect(service).toMatch(/^TimeoutStartSec=1h$/m);
});

test('a unit with a mistake is found out', { timeout: 300_000 }, async (context) => {
  await requireSystemd(context);
  const unit = deployFile('silly-face.service');
  const misspelled = analyze(unit.replace('KillMode=', 'KilMode='), 'verify');
  expect(aboutOurs(misspelled.output).join('\n')).toMatch(/Unknown key.* 'KilMode'/);
  const absent = analyze(unit.replaceAll('/usr/bin/node', '/nowhere/node'), 'verify');
  expect(absent.output).toContain('/nowhere/node');
  const wrong = analyze(unit.replace('KillMode=mixed', 'KillMode=some'), 'verify');
  expect(aboutOurs(wrong.output).join('\n')).toMatch(/kill mode/i);
});

test('the unit leaves little to who breaks into it', { timeout: 300_000 }, async (context) => {
  await requireSystemd(context);
  // 10 is a service that may do everything. What is left: it has the network, and any address.
  const { status, output } = analyze(
    deployFile('silly-face.service'),
    'security',
    '--offline=yes',
    '--threshold=25',
    '--no-pager',
  );
  expect(status, output).toBe(0);
});

/** Others that systemd reads on the way have their own mistakes. */
function aboutOurs(output: string): string[] {
  return output.split('\n').filter((line) => line.includes('silly-face'));
}
