// The task that puts a checked configuration in the place of the last one, with a command in nginx's place that takes any.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { processFile } from '../http/rig.ts';

test('the configuration goes through no link that lies in its way, and nginx may read it whatever the umask', () => {
  const folder = mkdtempSync(join(tmpdir(), 'task-'));
  try {
    writeFileSync(join(folder, 'nginx.conf.next'), 'events {}\n');
    writeFileSync(join(folder, 'theirs'), 'as it was');
    const task = spawnSync(
      'sh',
      // The shell's process id is the task's.
      [
        '-c',
        'umask 077; ln -s theirs nginx.conf.$$; exec "$@"',
        'sh',
        process.execPath,
        processFile('nginx-configuration'),
        'true',
        folder,
      ],
      { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe', 'pipe'] },
    );
    expect({ status: task.status, stderr: task.stderr }).toEqual({ status: 0, stderr: '' });
    expect(readdirSync(folder).toSorted()).toEqual(['nginx.conf', 'nginx.conf.next', 'theirs']);
    expect(readFileSync(join(folder, 'nginx.conf'), 'utf8')).toBe('events {}\n');
    expect((statSync(join(folder, 'nginx.conf')).mode & 0o777).toString(8)).toBe('644');
    expect(readFileSync(join(folder, 'theirs'), 'utf8')).toBe('as it was');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
