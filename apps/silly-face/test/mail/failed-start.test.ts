// What the owner is mailed about when the backend does not start.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { mailing } from './mailing.ts';
import { startSink } from './sink.ts';

const broken = { args: ['no database'] };

test('a start that fails is mailed with the last words before it is told', async () => {
  await using sink = await startSink();
  await using rig = mailing(`smtp://127.0.0.1:${sink.port}`, { child: broken });
  await expect(rig.supervisor.start()).rejects.toThrow('no database');
  expect(sink.mails).toHaveLength(1);
  const [mail] = sink.mails;
  expect(mail?.subject).toMatch(/ the backend did not start: .*"worker".*exited with code 1[^;]*$/);
  expect(mail?.text).toMatch(/^exit code: +1$/m);
  expect(mail?.text).toMatch(/^next: +nothing runs: mend the cause/m);
  expect(mail?.text).toContain('Error: no database');
});

test('starts that fail again and again are one mail a window, and the one that succeeds is told, too', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'silly-face-starts-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  await using sink = await startSink();
  const start = async (child = {}): Promise<void> => {
    const config = { windowMs: 600_000 };
    await using rig = mailing(`smtp://127.0.0.1:${sink.port}`, { folder, child, config });
    await rig.supervisor.start();
  };
  const told = (): string[] => sink.mails.map(({ subject }) => subject.replace(/^\[.*?\] ([^:]*):.*/, '$1'));
  for (let count = 1; count <= 3; count++) await expect(start(broken)).rejects.toThrow('no database');
  expect(told()).toEqual(['the backend did not start']);
  // The window is over.
  const kept = JSON.parse(readFileSync(join(folder, 'mail', '.failed-starts.json'), 'utf8')) as object;
  writeFileSync(join(folder, 'mail', '.failed-starts.json'), JSON.stringify({ ...kept, endsAt: 0 }));
  await expect(start(broken)).rejects.toThrow('no database');
  expect(told()).toEqual(['the backend did not start', 'the backend did not start (3 times)']);
  await start();
  await start();
  expect(told().slice(2)).toEqual(['the backend has recovered']);
});

test('a start that is stopped has not failed', async () => {
  await using sink = await startSink();
  await using rig = mailing(`smtp://127.0.0.1:${sink.port}`, { child: { readiness: 'message', args: [] } });
  const start = rig.supervisor.start();
  await Promise.all([expect(start).rejects.toMatchObject({ code: 'STOPPED' }), rig.supervisor.stop()]);
  expect(sink.mails).toEqual([]);
});
