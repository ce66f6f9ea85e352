// Servers that are away, silent or unwilling: nobody waits for them, and no mail is lost.
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { freePort, waitUntil } from '@silly-face/testing';
import { afterEach, expect, test, vi } from 'vitest';
import type { Letter } from '../../src/mail/letter.ts';
import { Outbox } from '../../src/mail/outbox.ts';
import { SmtpTransport } from '../../src/mail/smtp.ts';
import { mailing } from './mailing.ts';
import { startSink } from './sink.ts';

const addresses = { from: 'backend@example.com', to: 'owner@example.com' };
const letter: Letter = { subject: 'A face is missing', text: 'Look for it.\n' };

afterEach(() => vi.restoreAllMocks());

test('a server that is away gets the mail when it is back', async () => {
  const port = await freePort();
  const kept: string[] = [];
  const outbox = new Outbox({
    transport: new SmtpTransport(`smtp://127.0.0.1:${port}`, addresses),
    keep: (_, reason) => void kept.push(reason),
    retryDelayMs: 20,
    maxAttempts: 20,
  });
  outbox.post(letter);
  await using sink = await startSink({}, port);
  expect((await sink.mail('A face is missing')).text).toBe('Look for it.\n');
  await outbox.close(5_000);
  expect(kept).toEqual([]);
});

test('a server that stays away is given up, and the mail is kept with the reason', async () => {
  const port = await freePort();
  const kept: [Letter, string][] = [];
  const outbox = new Outbox({
    transport: new SmtpTransport(`smtp://127.0.0.1:${port}`, addresses),
    keep: (...args) => void kept.push(args),
    retryDelayMs: 1,
    maxAttempts: 3,
  });
  outbox.post(letter);
  await waitUntil(() => kept.length === 1, { what: 'the end of the attempts' });
  expect(kept).toEqual([
    [letter, expect.stringMatching(/^Send a mail through 127.0.0.1:\d+: .*ECONNREFUSED/)],
  ]);
  await outbox.close(0);
});

test('a mail that a server does not want is not sent again', async () => {
  let attempts = 0;
  await using sink = await startSink({
    onRcptTo: (_address, _session, done) => {
      attempts++;
      done(Object.assign(new Error('no such owner'), { responseCode: 550 }));
    },
  });
  const kept: string[] = [];
  const outbox = new Outbox({
    transport: new SmtpTransport(`smtp://127.0.0.1:${sink.port}`, addresses),
    keep: (_, reason) => void kept.push(reason),
    retryDelayMs: 1,
  });
  outbox.post(letter);
  await waitUntil(() => kept.length === 1, { what: 'the refusal' });
  expect(kept[0]).toContain('no such owner');
  expect(attempts).toBe(1);
  await outbox.close(0);
});

test('a login that fails does not tell the password, though the server repeats it', async () => {
  await using sink = await startSink({
    authOptional: false,
    onAuth: ({ username, password }, _session, done) =>
      done(Object.assign(new Error(`no ${username} with ${password}`), { responseCode: 535 })),
  });
  const url = `smtp://keeper:s%40cret%20word@127.0.0.1:${sink.port}`;
  const failure = await new SmtpTransport(url, addresses)
    .send(letter, new AbortController().signal)
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'mail-not-sent', isRefused: false });
  expect(String(failure)).toMatch(/no … with …/);
  expect(JSON.stringify(failure)).not.toMatch(/s@cret|s%40cret/);
});

test('a queue that is full keeps what comes at once', async () => {
  const kept: string[] = [];
  const outbox = new Outbox({
    transport: { send: (_, signal) => once(signal, 'abort').then(() => Promise.reject(new Error('cut'))) },
    keep: ({ subject }) => void kept.push(subject),
    capacity: 2,
  });
  for (const subject of ['1', '2', '3']) outbox.post({ ...letter, subject });
  expect(kept).toEqual(['3']);
  await outbox.close(0);
  expect(kept).toEqual(['3', '1', '2']);
});

test('a silent server delays no child, and its mails are files when all has ended', async () => {
  const errors = vi.spyOn(console, 'error').mockImplementation(() => {});
  await using server = await silentServer();
  await using rig = mailing(`smtp://someone:secretword@127.0.0.1:${server.port}`, {
    config: { windowMs: 3_600_000 },
  });
  await rig.supervisor.start();
  const pid = rig.pid();
  rig.signal('SIGHUP');
  await server.asked;
  await waitUntil(() => rig.supervisor.status()[0]?.state === 'ready' && rig.pid() !== pid, {
    what: 'the next process',
  });
  await rig.supervisor.reload();
  await rig.supervisor.stop();
  expect(rig.files().map(({ subject }) => subject)).toEqual([expect.stringContaining('worker crashed')]);
  expect(errors.mock.calls.flat().join('\n')).toMatch(/^A mail was not sent, it is in .*\.eml: /);
  expect(errors.mock.calls.flat().join('\n')).not.toContain('secretword');
});

test('an end by force does not wait for a silent server either', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  await using server = await silentServer();
  await using rig = mailing(`smtp://127.0.0.1:${server.port}`);
  await rig.supervisor.start();
  rig.signal('SIGUSR2');
  await server.asked;
  await rig.supervisor.kill();
  expect(rig.files()).toHaveLength(1);
});

test('a silent server keeps a start that failed for a few seconds, and its mail is a file', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  await using server = await silentServer();
  await using rig = mailing(`smtp://127.0.0.1:${server.port}`, { child: { args: ['no database'] } });
  const begin = performance.now();
  await expect(rig.supervisor.start()).rejects.toThrow('no database');
  expect(performance.now() - begin).toBeLessThan(15_000);
  expect(rig.files().map(({ subject }) => subject)).toEqual([
    expect.stringContaining('the backend did not start'),
  ]);
});

/** It accepts, and never says a word. */
async function silentServer(): Promise<AsyncDisposable & { port: number; asked: Promise<unknown> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => sockets.add(socket.on('error', () => {})));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    asked: once(server, 'connection'),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
