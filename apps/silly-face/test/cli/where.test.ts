// Where the commands look for the running backend.
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitUntil } from '@silly-face/testing';
import { afterAll, expect, test } from 'vitest';
import { demoFolders, runDemo } from '../demo/run-demo.ts';
import { runCliWith } from './run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'cli-where-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const root = fileURLToPath(new URL('../../', import.meta.url));

test(
  'the backend is found in its folder by who does not know its database, and also where the data had to go elsewhere',
  { timeout: 120_000 },
  async () => {
    const folders = demoFolders();
    const { data } = folders;
    // Only its owner may enter it: as root, Postgres has its folder elsewhere.
    mkdirSync(data, { mode: 0o700 });
    const backend = await runDemo(folders, {}, 'silly-face start');
    let elsewhere: string | undefined;
    try {
      await waitUntil(() => backend.printed().includes('The API is at'), {
        what: 'the start',
        timeoutMs: 60_000,
      });
      elsewhere = / Postgres \d+ in (\/var\/lib\/silly-face\/[^/\n]+)/.exec(backend.printed())?.[1];
      expect(elsewhere === undefined).toBe(process.getuid?.() !== 0);
      for (const DATABASE_URL of [undefined, 'postgres://somewhere/else']) {
        const status = await runCliWith({ SILLY_FACE_DATA: data, DATABASE_URL }, ['status']);
        expect(status, status.stderr).toMatchObject({ code: 0 });
      }
      const other = { DATABASE_URL: 'postgres://somewhere/else' };
      const second = await runDemo(folders, other, 'silly-face start');
      expect(await second.ended).toEqual([1, null]);
      expect(second.printed()).toContain(`The data folder ${data} is in use by process ${backend.pid}`);
    } finally {
      backend.signal('SIGTERM');
      await backend.ended;
      for (const pid of backend.processes()) process.kill(pid, 'SIGKILL');
      if (elsewhere !== undefined) rmSync(elsewhere, { recursive: true, force: true });
      folders.remove();
    }
  },
);

test('who looks makes nothing', async () => {
  const data = join(folder, 'missing');
  for (const verb of ['status', 'logs', 'stop', 'deploy']) {
    const { code, stderr } = await runCliWith({ SILLY_FACE_DATA: data, DATABASE_URL: undefined }, [verb]);
    expect(code).toBe(1);
    expect(stderr).toContain(`No supervisor listens at ${data}/control.sock: there is no such file`);
  }
  expect(existsSync(data)).toBe(false);
});

test('where it is installed it wants to be told the folder', async () => {
  const installed = join(folder, 'srv', 'silly-face');
  mkdirSync(dirname(installed));
  for (const name of ['dist', 'package.json'])
    cpSync(join(root, name), join(installed, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(installed, 'node_modules'));
  for (const verb of ['start', 'status', 'deploy']) {
    const told = await runCliWith(
      { SILLY_FACE_DATA: '', SILLY_FACE_NGINX: 'off', DATABASE_URL: undefined },
      [verb],
      join(installed, 'dist/cli/main.js'),
    );
    expect(told).toMatchObject({ code: 1, stdout: '' });
    expect(told.stderr).toContain('Expected SILLY_FACE_DATA to be a folder');
  }
});
