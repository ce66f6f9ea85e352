// One command each: start, deploy, status, stop, logs, for a real backend.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { isAlive, startPostgres, waitUntil } from '@silly-face/testing';
import { expect, test } from 'vitest';
import { demoFolders, runDemo } from '../demo/run-demo.ts';
import { runCli } from './run-cli.ts';

interface Child {
  readonly name: string;
  readonly state: string;
  readonly pid: number;
}

async function apiProcesses(data: string): Promise<Child[]> {
  const { stdout } = await runCli(data, 'status', '--json');
  const { children } = JSON.parse(stdout) as { children: Child[] };
  return children.filter(({ name }) => name.startsWith('api'));
}

function firstMail(data: string): string | undefined {
  if (!existsSync(`${data}/mail`)) return undefined;
  const name = readdirSync(`${data}/mail`).find((each) => each.endsWith('.eml'));
  return name && readFileSync(`${data}/mail/${name}`, 'utf8');
}

test(
  'the backend is started, looked at, deployed and stopped by one command each',
  { timeout: 180_000 },
  async () => {
    await using postgres = await startPostgres();
    const folders = demoFolders();
    const { data } = folders;
    const environment = { DATABASE_URL: postgres.connectionString, SILLY_FACE_POSTGRES: '' };
    const backend = await runDemo(folders, environment, 'silly-face start');
    try {
      await waitUntil(() => backend.printed().includes('The API is at'), {
        what: 'the start',
        timeoutMs: 60_000,
      });
      expect(backend.printed()).toContain(`mail as files in ${data}/mail`);
      expect(statSync(`${data}/control.sock`).mode & 0o777).toBe(0o600);

      const second = await runDemo(folders, environment, 'silly-face start');
      expect(await second.ended).toEqual([1, null]);
      expect(second.printed()).toContain(`The data folder ${data} is in use by process ${backend.pid}`);

      const status = await runCli(data, 'status');
      expect(status).toMatchObject({ code: 0, stderr: '' });
      expect(status.stdout).toMatch(/^api-1 +ready .*\napi-2 +ready /m);
      expect((await runCli(data, 'logs', '-n', '50', 'migrate')).stdout).toContain('migrate: completed');

      const before = await apiProcesses(data);
      const deployed = await runCli(data, 'deploy');
      expect(deployed, deployed.stderr).toMatchObject({ code: 0, stdout: 'Deployed\n' });
      expect(deployed.stderr).toMatch(/api-2 \(\d+\): ready, took the place of process \d+/);
      const after = await apiProcesses(data);
      expect(after.map(({ state }) => state)).toEqual(['ready', 'ready']);
      expect(before.filter(({ pid }) => isAlive(pid))).toEqual([]);

      // A release whose migrations fail.
      await postgres.stop();
      const failed = await runCli(data, 'deploy');
      expect(failed).toMatchObject({ code: 1, stdout: '' });
      expect(failed.stderr).toMatch(/"migrate" .*exited with code 1/);
      expect(failed.stderr).toContain('ECONNREFUSED');
      expect(failed.stderr).toMatch(/\nNot deployed\n$/);
      expect((await apiProcesses(data)).map(({ pid }) => pid)).toEqual(after.map(({ pid }) => pid));
      expect(backend.printed()).toContain('\nNot deployed, what served before goes on: ');
      const mail = await waitUntil(() => firstMail(data), { what: 'the mail' });
      expect(mail).toMatch(/^what: +migrate was not deployed$/m);
      await postgres.start();

      const stopped = await runCli(data, 'stop');
      expect(stopped, stopped.stderr).toMatchObject({ code: 0 });
      expect(await backend.ended, backend.printed()).toEqual([0, null]);
      expect(backend.processes()).toEqual([]);
      expect(await runCli(data, 'status')).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('No supervisor listens at') as string,
      });
    } finally {
      for (const pid of backend.processes()) process.kill(pid, 'SIGKILL');
      folders.remove();
    }
  },
);

test('a wrong command is told how it is used, and so is who asks', async () => {
  const folders = demoFolders();
  const wrong = await runCli(folders.data, 'deplyo');
  expect(wrong).toMatchObject({ code: 2, stdout: '' });
  expect(wrong.stderr).toContain('Usage: silly-face <command>');
  const help = await runCli(folders.data, '--help');
  expect(help).toEqual({ code: 0, stdout: wrong.stderr, stderr: '' });
  expect(await runCli(folders.data, 'logs', '-n', 'many')).toMatchObject({ code: 2 });
  for (const verb of ['start', 'deploy', 'status', 'stop', 'logs']) {
    const about = await runCli(folders.data, verb, '--help');
    expect(about).toMatchObject({ code: 0, stderr: '' });
    expect(about.stdout).toMatch(new RegExp(`^Usage: silly-face ${verb} .*\n\n.+\n$`));
    expect(await runCli(folders.data, verb, '-h')).toEqual(about);
  }
  folders.remove();
});
