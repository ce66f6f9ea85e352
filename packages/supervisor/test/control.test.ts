import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { descendants, waitUntil } from '@silly-face/testing';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { connectTo, converse, sleeper, supervise } from './control-client.ts';
import { startMainProgram } from './observe.ts';
import { temporaryFolder } from './temporary-folder.ts';

test('status tells of every child and of the supervisor', async () => {
  const { supervisor, path } = await supervise();
  const [answer] = await converse(path, { command: 'status' });
  expect(answer).toMatchObject({
    ok: true,
    supervisor: { pid: process.pid, nodeVersion: process.versions.node },
    children: [{ name: 'web', state: 'ready', pid: supervisor.status()[0]?.pid, restarts: 0 }],
  });
});

test('logs are those that were, as they came, and with follow those to come', async () => {
  const script = 'echo one; echo two >&2; echo three; read -r line; echo "$line"; exec sleep 600';
  const { supervisor, path } = await supervise([
    { name: 'a', instances: 1, command: 'sh', args: ['-c', 'echo from a; exec sleep 600'] },
    { name: 'b', command: 'sh', args: ['-c', script], after: ['a'] },
  ]);
  const lines = (frames: object[]) => frames.flatMap((frame) => ('line' in frame ? [frame.line] : []));
  const written = ['from a', 'one', 'two', 'three', ''];
  const all = await waitUntil(
    async () => {
      const logs = lines(await converse(path, { command: 'logs' }));
      return written.every((line) => logs.includes(line)) && logs;
    },
    { what: 'all that was written' },
  );
  expect(all).toContain('starting, started');
  expect(lines(await converse(path, { command: 'logs', name: 'a' }))).toContain('from a');
  expect(lines(await converse(path, { command: 'logs', name: 'a' }))).not.toContain('one');
  expect(lines(await converse(path, { command: 'logs', lines: 2 }))).toEqual(all.slice(-2));

  const follower = await connectTo(path);
  follower.send('{"command":"logs","follow":true,"lines":1}\n');
  await waitUntil(() => follower.frames.some(({ event }) => event === 'following'), { what: 'the follower' });
  await supervisor.stop();
  await follower.closed;
  expect(lines(follower.frames).at(-1)).toBe('stopped, the supervisor stops');
  expect(follower.frames.at(-1)).toEqual({ ok: true });
});

test('stop answers when every child has ended', async () => {
  const { supervisor, path } = await supervise();
  const frames = await converse(path, { command: 'stop' });
  expect(frames.at(-1)).toMatchObject({ ok: true, children: [{ name: 'web', state: 'stopped' }] });
  expect(frames[0]).toMatchObject({ event: 'state', child: 'web', to: 'stopping' });
  expect(supervisor.status()[0]?.state).toBe('stopped');
});

test.each([
  ['hello\n', 'Expected a line of JSON, got "hello'],
  ['7\n', 'Expected a JSON object, got 7'],
  ['[]\n', 'Expected a JSON object, got []'],
  ['null\n', 'Expected a JSON object, got null'],
  ['\n', 'Expected a line of JSON, got ""'],
  ['{}\n', 'Expected `command` to be one of status, metrics, logs'],
  ['{"command":"statsu"}\n', 'got "statsu", did you mean `status`?'],
  ['{"command":"__proto__"}\n', 'got "__proto__"'],
  ['{"command":7}\n', 'got 7'],
  ['{"command":"status","name":"web"}\n', 'status: Unknown option `name`'],
  ['{"command":"logs","line":3}\n', 'logs: Unknown option `line`, did you mean `lines`?'],
  ['{"command":"logs","lines":"3"}\n', "logs: Expected `lines` to be a positive integer, got '3'"],
  ['{"command":"logs","name":"nobody"}\n', 'There is no child "nobody"'],
  ['{"command":"scale","name":"web"}\n', 'scale: Expected `count` to be a positive integer, got undefined'],
  ['{"command":"start"}\n', 'start: Expected `name` to be a non-empty string, got undefined'],
  ['{"command":"status"', 'Expected a request to end in a line feed'],
  [`{"command":"${'x'.repeat(100_000)}"}\n`, 'Expected a request, got a frame longer than 65536 bytes'],
  ['x'.repeat(1_000_000), 'Expected a request, got a frame longer than 65536 bytes'],
])('%.40j is answered with what is wrong with it', async (text, message) => {
  const { path } = await supervise();
  const client = await connectTo(path);
  client.send(text);
  client.socket.end();
  await client.closed;
  expect(client.frames).toHaveLength(1);
  expect(client.frames[0]).toMatchObject({ ok: false, error: { message: expect.stringContaining(message) } });
  const [answer] = await converse(path, { command: 'status' });
  expect(answer).toMatchObject({ ok: true, children: [{ state: 'ready' }] });
});

test('after an error the next request of the same client is answered, each in its turn', async () => {
  const { path } = await supervise();
  const client = await connectTo(path);
  client.send('nonsense\n{"command":"status"}\n{"comm');
  client.send('and":"metrics"}\n');
  expect(await client.next()).toMatchObject({ ok: false, error: { code: 'INVALID_REQUEST' } });
  expect(await client.next()).toMatchObject({ ok: true, children: [{ name: 'web' }] });
  expect(await client.next()).toMatchObject({ ok: true, text: expect.stringContaining('supervisor_info{') });
  client.socket.destroy();
});

test('who asks faster than the answers come is removed, and so is who does not ask', async () => {
  const { path } = await supervise();
  const hasty = await connectTo(path);
  const idle = await connectTo(path);
  const halfway = await connectTo(path);
  halfway.send('{"comm');
  hasty.send('{"command":"logs","follow":true}\n'.repeat(17));
  await hasty.closed;
  expect(hasty.frames.at(-1)?.error?.message).toBe('Expected at most 16 requests to wait for their answers');
  await Promise.all([idle.closed, halfway.closed]);
  expect(idle.frames[0]?.error?.message).toBe('Expected a request within 10000 ms');
  expect(halfway.frames[0]?.error?.message).toBe('Expected the rest of a request within 10000 ms');
});

test('who does not read is removed before much has gathered for it', async () => {
  const controlSocket = join(temporaryFolder(), 'control.sock');
  const main = startMainProgram({
    children: [{ name: 'loud', command: 'sh', args: ['-c', `exec yes ${'x'.repeat(1000)}`] }],
    controlSocket,
  });
  await main.event('started');
  const client = await connectTo(controlSocket);
  client.socket.pause();
  client.send('{"command":"logs","follow":true}\n');
  // The server closes it; whoever does not read learns so by a failing write.
  await waitUntil(() => client.socket.destroyed || !client.socket.write('\n'.repeat(10)), {
    what: 'the end of the slow client',
    timeoutMs: 60_000,
  });
  main.process.kill('SIGTERM');
  expect(await main.exited).toEqual([0, null]);
});

test('who follows too slowly is cut off, and told so with the number of lines that it misses', async () => {
  const count = 20_000;
  const script = `read -r go < go; yes ${'x'.repeat(1_000)} | head -n ${count}; exec sleep 600`;
  const folder = temporaryFolder();
  execFileSync('mkfifo', [join(folder, 'go')]);
  const { supervisor, path } = await supervise([
    { name: 'loud', command: 'sh', args: ['-c', script], cwd: folder },
  ]);
  const client = await connectTo(path);
  client.send('{"command":"logs","follow":true}\n');
  await waitUntil(() => client.frames.some(({ event }) => event === 'following'), { what: 'the follower' });
  client.socket.pause();
  let written = 0;
  supervisor.on('output', () => {
    written += 1;
    if (written === count) client.socket.resume();
  });
  writeFileSync(join(folder, 'go'), '\n');
  await client.closed;
  const last = client.frames.at(-1);
  expect(last).toMatchObject({ ok: false, error: { code: 'CONTROL_FAILED' } });
  const words = /^Cut off for reading too slowly: (\d+) lines are missing, and all that came later$/;
  const [, missed] = words.exec(last?.error?.message ?? '') ?? [];
  const seen = client.frames.filter(({ stream }) => stream === 'stdout').length;
  expect(Number(missed)).toBeGreaterThan(1_000);
  expect(seen + Number(missed)).toBeLessThan(count);
});

test('so many clients are answered, and the next one is told why it is not', async () => {
  const { path } = await supervise();
  const clients = await Promise.all(Array.from({ length: 32 }, () => connectTo(path)));
  for (const client of clients) client.send('{"command":"status"}\n');
  for (const client of clients) expect(await client.next()).toMatchObject({ ok: true });
  const oneMore = await connectTo(path);
  await oneMore.closed;
  expect(oneMore.frames[0]?.error?.message).toBe('Expected at most 32 clients at a control socket');
  for (const client of clients) client.socket.destroy();
  await waitUntil(async () => (await converse(path, { command: 'status' }))[0]?.ok, { what: 'a free place' });
});

test('clients that wait for their turn are no leak to warn of', async () => {
  const { path } = await supervise();
  const warnings: string[] = [];
  const onWarning = ({ name }: Error): void => void warnings.push(name);
  process.on('warning', onWarning);
  const answers = Array.from({ length: 32 }, async () => converse(path, { command: 'reload' }));
  for (const frames of await Promise.all(answers)) expect(frames.at(-1)).toMatchObject({ ok: true });
  process.off('warning', onWarning);
  expect(warnings).toEqual([]);
});

test('1,000 requests of garbage change nothing', async () => {
  const path = join(temporaryFolder(), 'control.sock');
  const main = startMainProgram({ children: [sleeper], controlSocket: path });
  await main.event('started');
  const look = async () => ({
    status: (await converse(path, { command: 'status' }))[0]?.['children'] as {
      state: string;
      pid: number;
    }[],
    children: descendants(main.pid),
  });
  const descriptors = () => readdirSync(`/proc/${main.pid}/fd`).length;
  const before = await look();
  const opened = await waitUntil(descriptors, { what: 'the descriptors' });
  const garbage = fc.sample(garbageFrames, 1_000);
  for (let start = 0; start < garbage.length; start += 25) {
    await Promise.all(garbage.slice(start, start + 25).map((bytes) => throwAt(path, bytes)));
  }
  const after = await look();
  expect(after.children).toEqual(before.children);
  expect(after.status).toMatchObject([{ state: 'ready', pid: before.status[0]?.pid, restarts: 0 }]);
  await waitUntil(() => descriptors() <= opened, { what: 'the descriptors of those who have left' });
  expect(main.events.filter(({ name }) => name === 'exit')).toEqual([]);
  main.process.kill('SIGTERM');
  expect(await main.exited).toEqual([0, null]);
});

const command = fc.constantFrom(
  'status',
  'logs',
  'reload',
  'restart',
  'stop',
  'start',
  'scale',
  'metrics',
  'reopen-logs',
);
const line = (value: unknown): Uint8Array => Buffer.from(`${JSON.stringify(value) ?? ''}\n`);
const garbageFrames = fc.oneof(
  fc.uint8Array({ maxLength: 2_000 }),
  fc.uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => Buffer.concat([bytes, Buffer.from('\n')])),
  fc.jsonValue().map(line),
  fc.tuple(command, fc.jsonValue()).map(([command, junk]) => line({ command, junk })),
  fc
    .tuple(
      command,
      fc.jsonValue().filter((name) => typeof name !== 'string'),
    )
    .map(([command, name]) => line({ command, name })),
  fc
    .tuple(command, fc.string())
    .map(([command, name]) => line({ command, name: `nobody ${name}`, follow: 'yes' })),
  fc
    .tuple(command, fc.nat(30))
    .map(([command, length]) => line({ command, name: 'web' }).subarray(0, length)),
  fc.string({ unit: 'binary', maxLength: 100 }).map((text) => Buffer.from(`{"command":"${text}\n`)),
);

/** Sends, and leaves: politely or not. Whatever is answered is an error. */
async function throwAt(path: string, bytes: Uint8Array): Promise<void> {
  const client = await connectTo(path);
  client.send(bytes);
  if (bytes.length % 3 === 0) client.socket.destroySoon();
  else client.socket.end();
  await client.closed;
  for (const frame of client.frames) expect(frame).toMatchObject({ ok: false });
}
