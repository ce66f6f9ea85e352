import { Supervisor } from '@silly-face/supervisor';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { beforeEach, expect, test } from 'vitest';
import { observe } from './observe.ts';
import { temporaryFolder } from './temporary-folder.ts';

let folder = '';
beforeEach(() => {
  folder = temporaryFolder();
});

test('an envFile is read anew for each process; PORT and `env` are stronger, our own environment is weaker', async () => {
  process.env['SUPERVISOR_TEST_OURS'] = 'ours';
  const supervisor = printing();
  const observed = observe(supervisor);
  writeFileSync(
    join(folder, '.env'),
    '# first\nA="from the file"\nB=file\nPORT=1\nSUPERVISOR_TEST_OURS=file\n',
  );
  await supervisor.start();
  writeFileSync(join(folder, '.env'), 'export A=anew');
  await supervisor.reload();
  expect(observed.lines('sh')).toEqual(['from the file, given, 4001, file', 'anew, given, 4001, ours']);
  await supervisor.stop();
  delete process.env['SUPERVISOR_TEST_OURS'];
});

test('an envFile that is missing fails the start, and names the file', async () => {
  await expect(printing().start()).rejects.toMatchObject({
    code: 'ENV_FILE_NOT_READ',
    child: 'sh',
    message: `Cannot read the envFile ${join(folder, '.env')} of child "sh": it does not exist`,
  });
});

test('an envFile with a NUL fails the start, and no value of it is shown', async () => {
  writeFileSync(join(folder, '.env'), 'SECRET=hunter2\0\n');
  const error: unknown = await printing()
    .start()
    .catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'ENV_FILE_NOT_READ', child: 'sh' });
  expect(inspect(error)).not.toContain('hunter2');
});

function printing(): Supervisor {
  return new Supervisor({
    children: [
      {
        name: 'sh',
        command: 'sh',
        args: ['-c', 'echo "$A, $B, $PORT, $SUPERVISOR_TEST_OURS"'],
        cwd: folder,
        envFile: '.env',
        env: { B: 'given' },
        port: 4001,
        task: true,
      },
    ],
  });
}
