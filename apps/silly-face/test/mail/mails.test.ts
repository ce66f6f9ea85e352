// What the owner is mailed about, by a real SMTP server that gets it.
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from '@silly-face/testing';
import { expect, test } from 'vitest';
import { mailing, worker } from './mailing.ts';
import { startSink } from './sink.ts';

test('a crash is mailed with its exit code, last words and what comes next, and so is the recovery', async () => {
  await using sink = await startSink();
  await using rig = mailing(`smtp://127.0.0.1:${sink.port}`);
  await rig.supervisor.start();
  const pid = rig.pid();
  rig.signal('SIGHUP');
  const crash = await sink.mail('worker crashed');
  expect(crash).toMatchObject({ from: 'backend@example.com', to: ['owner@example.com'] });
  expect(crash.head).toContain('Auto-Submitted: auto-generated');
  expect(crash.text).toContain(
    `process:         ${pid}\nexit code:       1\nrestarts so far: 1\nwhen:            2`,
  );
  expect(crash.text).toMatch(/^next: +it is started again; /m);
  expect(crash.text).toMatch(
    /^last lines:\n(?: {2}.*\n)* {2}these are my last words\n(?: {2}.*\n)* {2}Error: crashed on purpose$/m,
  );
  const recovery = await sink.mail('worker has recovered');
  expect(recovery.text).toContain(`process:         ${rig.pid()}\n`);
  expect(sink.mails).toHaveLength(2);
});

test('a child that is given up is mailed, though it never got ready', async () => {
  await using sink = await startSink();
  await using rig = mailing(`smtp://127.0.0.1:${sink.port}`, {
    child: { restart: { initialDelayMs: 1, maxRestarts: 2 } },
  });
  await rig.supervisor.start();
  rig.supervisor.add({
    name: 'doomed',
    script: worker,
    args: ['no way'],
    restart: { initialDelayMs: 1, maxRestarts: 2 },
  });
  const mail = await sink.mail('doomed was given up');
  expect(mail.text).toMatch(/^next: +it is not started again by itself/m);
  expect(mail.text).toContain('Error: no way');
});

test('a deploy that fails is mailed with the last words of the new release', async () => {
  await using sink = await startSink();
  const folder = mkdtempSync(join(tmpdir(), 'silly-face-release-'));
  const script = join(folder, 'worker.mjs');
  copyFileSync(worker, script);
  await using rig = mailing(`smtp://127.0.0.1:${sink.port}`, {
    child: { script, listen: { port: 0, host: '127.0.0.1' } },
  });
  await rig.supervisor.start();
  writeFileSync(script, 'console.log("half a release"); process.exit(3);');
  await expect(rig.supervisor.reload()).rejects.toThrow('half a release');
  const mail = await sink.mail('worker was not deployed');
  expect(mail.text).toMatch(/^exit code: +3$/m);
  expect(mail.text).toMatch(/^next: +what served before goes on/m);
  expect(mail.text).toContain('\n  half a release\n');
  rmSync(folder, { recursive: true });
});

test('a log line of level fatal is mailed with its error, and the child goes on', async () => {
  await using sink = await startSink();
  await using rig = mailing(`smtp://127.0.0.1:${sink.port}`);
  await rig.supervisor.start();
  const pid = rig.pid();
  rig.signal('SIGUSR2');
  const mail = await sink.mail('worker logged a fatal line: The round cannot go on');
  expect(mail.text).toContain('Error: no face left\n    at draw (faces.js:7:1)\n');
  expect(mail.text).toMatch(/^last lines:\n {2}\{"level":60,/m);
  expect(rig.pid()).toBe(pid);
});

test('what is repeated comes as one mail at the end of the window, and what is held back at the end of all', async () => {
  await using sink = await startSink();
  await using rig = mailing(`smtp://127.0.0.1:${sink.port}`, { config: { windowMs: 3_600_000 } });
  await rig.supervisor.start();
  let lines = 0;
  rig.supervisor.on('output', () => lines++);
  for (let count = 1; count <= 4; count++) {
    rig.signal('SIGUSR2');
    await waitUntil(() => lines === count, { what: `line ${count}` });
  }
  await sink.mail('worker logged a fatal line: ');
  await rig.supervisor.stop();
  expect(sink.mails.map(({ subject }) => subject.replace(/^\[.*?\] /, ''))).toEqual([
    'worker logged a fatal line: The round cannot go on',
    'worker logged a fatal line (3 times): The round cannot go on',
  ]);
  expect(sink.mails[1]?.text).toMatch(/^times: +3, from 2.* to 2/m);
});

test('lines on the standard error are mailed where that is wanted, but for services that log there', async () => {
  await using sink = await startSink();
  await using rig = mailing(`smtp://127.0.0.1:${sink.port}`, {
    config: { onStderr: true },
    chatty: ['service'],
  });
  await rig.supervisor.start();
  rig.supervisor.add({ name: 'service', script: worker, readiness: 'message' });
  await waitUntil(() => rig.supervisor.status().at(-1)?.state === 'ready', { what: 'the service' });
  const lines: string[] = [];
  rig.supervisor.on('output', ({ child }) => lines.push(child));
  rig.signal('SIGWINCH', 'service');
  await waitUntil(() => lines.includes('service'), { what: 'its line' });
  rig.signal('SIGWINCH');
  const mail = await sink.mail('worker wrote to its standard error: this is odd');
  expect(mail.text).toContain('\n  this is odd\n');
  await rig.supervisor.stop();
  expect(sink.mails).toHaveLength(1);
});

test('without a server, mails are files for their owner alone', async () => {
  await using rig = mailing(undefined);
  await rig.supervisor.start();
  rig.signal('SIGUSR2');
  const [mail] = await waitUntil(() => hasFiles(rig), { what: 'the file' });
  expect(mail?.subject).toContain('worker logged a fatal line');
  expect(mail?.head).toMatch(/^From: Silly Face <backend@example\.com>\nTo: owner@example\.com\n/);
});

function hasFiles(rig: ReturnType<typeof mailing>) {
  try {
    const files = rig.files();
    return files.length > 0 && files;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
