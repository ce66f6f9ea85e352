// What the owner is mailed about when the backend does not start.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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
  const start = async (windowMs: number, child = {}): Promise<void> => {
    await using rig = mailing(`smtp://127.0.0.1:${sink.port}`, { folder, child, config: { windowMs } });
    await rig.supervisor.start();
  };
  const told = (): string[] => sink.mails.map(({ subject }) => subject.replace(/^\[.*?\] ([^:]*):.*/, '$1'));
  const windowMs = 3_000;
  for (let count = 1; count <= 3; count++)
    await expect(start(windowMs, broken)).rejects.toThrow('no database');
  expect(told()).toEqual(['the backend did not start']);
  await sleep(windowMs);
  await expect(start(windowMs, broken)).rejects.toThrow('no database');
  expect(told()).toEqual(['the backend did not start', 'the backend did not start (3 times)']);
  await start(windowMs);
  await start(windowMs);
  expect(told().slice(2)).toEqual(['the backend has recovered']);
});

test('a start that is stopped has not failed', async () => {
  await using sink = await startSink();
  await using rig = mailing(`smtp://127.0.0.1:${sink.port}`, { child: { readiness: 'message', args: [] } });
  const start = rig.supervisor.start();
  await Promise.all([expect(start).rejects.toMatchObject({ code: 'STOPPED' }), rig.supervisor.stop()]);
  expect(sink.mails).toEqual([]);
});
