import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { runInNewContext } from 'node:vm';
import {
  Supervisor,
  type DroppedEvent,
  type OutputEvent,
  type SinkFailedEvent,
  type SupervisorOptions,
} from '@silly-face/supervisor';
import { waitUntil } from '@silly-face/testing';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import winston from 'winston';
import { runTask } from './task-output.ts';
import { temporaryFolder } from './temporary-folder.ts';

const tenThousand = Array.from({ length: 10_000 }, (_, index) => `line ${index}`);
const printTenThousand = 'i=0; while [ $i -lt 10000 ]; do echo "line $i"; i=$((i+1)); done';

test('a function gets one line after the other, and the next one only when it is done', async () => {
  const events: string[] = [];
  let busy = 0;
  const onLine = async ({ line, stream, child }: OutputEvent): Promise<void> => {
    busy += 1;
    expect(busy).toBe(1);
    await new Promise((resolve) => setImmediate(resolve));
    busy -= 1;
    events.push(`${child} ${stream} ${line}`);
  };
  await runTask('echo one; echo two; sleep 0.1; echo three >&2', [{ type: 'function', onLine }]);
  expect(events).toEqual(['task stdout one', 'task stdout two', 'task stderr three']);
});

test('a function that throws is reported, and gets the next lines', async () => {
  const lines: string[] = [];
  const failures: SinkFailedEvent[] = [];
  const supervisor = new Supervisor({
    output: [
      {
        type: 'function',
        onLine: ({ line }) => {
          lines.push(line);
          if (line === 'two') throw new Error('I do not like it');
        },
      },
    ],
    children: [{ name: 'task', command: 'printf', args: [String.raw`one\ntwo\nthree\n`], task: true }],
  });
  supervisor.on('sinkFailed', (event) => failures.push(event));
  await supervisor.start();
  await supervisor.stop();
  expect(lines).toEqual(['one', 'two', 'three']);
  expect(failures.map(({ error }) => error.message)).toEqual([
    'Output cannot be written to the function: I do not like it',
  ]);
});

test('a slow function holds up nobody: what it misses is counted, told in its place and by an event', async () => {
  const path = join(temporaryFolder(), 'all.log');
  const events: OutputEvent[] = [];
  const dropped: DroppedEvent[] = [];
  let goOn = (): void => {};
  const held = new Promise<void>((resolve) => (goOn = resolve));
  const supervisor = new Supervisor({
    output: [
      {
        type: 'function',
        maxBufferedBytes: 10_000,
        onLine: (event) => {
          events.push(event);
          return held;
        },
      },
      { type: 'file', path, format: 'raw' },
    ],
    children: [{ name: 'task', command: 'sh', args: ['-c', printTenThousand], task: true }],
  });
  supervisor.on('dropped', (event) => dropped.push(event));
  // The child ends and the file has everything, while the function is still at the first line.
  await supervisor.start();
  await waitUntil(() => readFileSync(path, 'utf8').includes('line 9999'), { what: 'the file' });
  expect(events).toHaveLength(1);
  expect(dropped).toEqual([]);
  goOn();
  await supervisor.stop();

  expect(readFileSync(path, 'utf8')).toBe(tenThousand.map((line) => `${line}\n`).join(''));
  const [{ lines, bytes } = { lines: 0, bytes: 0 }] = dropped;
  expect(dropped).toEqual([
    { sink: 'the function', child: 'task', pid: events[0]?.pid, stream: 'stdout', lines, bytes },
  ]);
  const received = events.filter(({ child }) => child === 'task').map(({ line }) => line);
  expect(received).toEqual(tenThousand.slice(0, received.length));
  expect(received.length + lines).toBe(10_000);
  const notice = `task: ${lines} lines (${bytes} bytes) of its stdout were dropped here`;
  expect(events.at(-1)).toMatchObject({ child: 'supervisor', line: notice });
});

test('a slow function that is waited for gets every line', async () => {
  const lines: string[] = [];
  const { observed } = await runTask(printTenThousand, [
    {
      type: 'function',
      whenFull: 'wait',
      maxWaitMs: false,
      maxBufferedBytes: 1_000,
      onLine: async ({ line }) => {
        lines.push(line);
        if (lines.length % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      },
    },
  ]);
  expect(lines).toEqual(tenThousand);
  expect(observed.exits[0]?.code).toBe(0);
});

test('a sink that takes nothing at all is waited for no longer than it was said', async () => {
  const dropped: DroppedEvent[] = [];
  const supervisor = new Supervisor({
    output: [
      {
        type: 'function',
        whenFull: 'wait',
        maxWaitMs: 50,
        maxBufferedBytes: 1_000,
        onLine: () => new Promise(() => {}),
      },
    ],
    children: [
      { name: 'task', command: 'sh', args: ['-c', `${printTenThousand}; yes | head -c 1000000`], task: true },
    ],
  });
  supervisor.on('dropped', (event) => dropped.push(event));
  await supervisor.start();
  await supervisor.stop();
  // The function has its first line.
  const total = tenThousand.slice(1).join('\n').length + 1 + 1_000_000;
  expect(dropped.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(total);
});

test('a stop that a function does not let finish counts what it did not get, and gives it no more', async () => {
  const received: string[] = [];
  const dropped: DroppedEvent[] = [];
  let goOn = (): void => {};
  const held = new Promise<void>((resolve) => (goOn = resolve));
  const onLine = ({ line }: OutputEvent): unknown => received.push(line) < 100 || held;
  const supervisor = new Supervisor({
    output: [{ type: 'function', onLine }],
    children: [{ name: 'task', command: 'sh', args: ['-c', printTenThousand], task: true }],
  });
  supervisor.on('dropped', (event) => dropped.push(event));
  await supervisor.start();
  await supervisor.stop();
  expect(dropped.reduce((sum, { lines }) => sum + lines, 0)).toBe(10_000 - 100);
  goOn();
  await new Promise((resolve) => setImmediate(resolve));
  expect(received).toEqual(tenThousand.slice(0, 100));
});

test('a promise of another realm is waited for too, and its rejection reported', async () => {
  const failures: SinkFailedEvent[] = [];
  const received: string[] = [];
  let busy = 0;
  const onLine = ({ line }: OutputEvent): unknown => {
    busy += 1;
    expect(busy).toBe(1);
    const settle = (reject: (error: Error) => void): void => {
      setImmediate(() => {
        busy -= 1;
        received.push(line);
        reject(new Error('not today'));
      });
    };
    return runInNewContext('new Promise((_, reject) => settle(reject))', { settle });
  };
  const supervisor = new Supervisor({
    output: [{ type: 'function', onLine }],
    children: [{ name: 'task', command: 'printf', args: [String.raw`one\ntwo\n`], task: true }],
  });
  supervisor.on('sinkFailed', (event) => failures.push(event));
  await supervisor.start();
  await supervisor.stop();
  expect(received).toEqual(['one', 'two']);
  expect(failures.map(({ error }) => error.message)).toEqual([
    'Output cannot be written to the function: not today',
  ]);
});

test('a child has its own sinks instead of those of the supervisor', async () => {
  const [usual, own]: [string[], string[]] = [[], []];
  const collect = (lines: string[]) => [
    { type: 'function', onLine: ({ line }: OutputEvent) => lines.push(line) } as const,
  ];
  const supervisor = new Supervisor({
    output: collect(usual),
    children: [
      { name: 'a', command: 'echo', args: ['from a'], task: true },
      { name: 'b', command: 'echo', args: ['from b'], task: true, output: collect(own) },
      { name: 'c', command: 'echo', args: ['from c'], task: true, output: [] },
    ],
  });
  await supervisor.start();
  await supervisor.stop();
  expect([usual, own]).toEqual([['from a'], ['from b']]);
});

test('a reload takes over new sinks, with the next process of each child', async () => {
  const [before, after]: [string[], string[]] = [[], []];
  const options = (lines: string[]): SupervisorOptions => ({
    output: [{ type: 'function', onLine: ({ line }) => lines.push(line) }],
    children: [{ name: 'sh', command: 'sh', args: ['-c', 'echo hello; exec sleep 600'] }],
  });
  const supervisor = new Supervisor(options(before));
  await supervisor.start();
  await waitUntil(() => before.length > 0, { what: 'the first line' });
  await supervisor.reload(options(after));
  await waitUntil(() => after.length > 0, { what: 'the line of the new process' });
  await supervisor.stop();
  expect([before, after]).toEqual([['hello'], ['hello']]);
});

test('a sink joins and leaves while a child writes', async () => {
  const lines: string[] = [];
  const supervisor = new Supervisor({
    children: [{ name: 'sh', command: 'sh', args: ['-c', 'while :; do echo tick; sleep 0.01; done'] }],
  });
  await supervisor.start();
  const remove = supervisor.addOutput({ type: 'function', onLine: ({ line }) => lines.push(line) });
  await waitUntil(() => lines.length > 2, { what: 'lines' });
  remove();
  supervisor.on('output', () => {});
  const [[event]] = [await once(supervisor, 'output')];
  expect(event).toMatchObject({ line: 'tick' });
  await supervisor.stop();
});

const logged = String.raw`echo plain; printf '{"level":50,"time":1,"pid":2,"hostname":"h","msg":"bad","userId":7}\n'; printf '{"level":"close","message":"no level"}\n'; sleep 0.1; echo oops >&2`;

test('pino: lines get the level of their stream, and those of another pino keep level, message and fields', async () => {
  const stream = new PassThrough();
  const records = collect(stream);
  const logger = pino({ base: null, timestamp: false }, stream);
  const { observed } = await runTask(logged, [{ type: 'logger', logger }]);
  const childPid = observed.exits[0]?.pid;
  const child = { child: 'task', childPid };
  await waitUntil(() => records().length === 4, { what: 'the log' });
  expect(records()).toEqual([
    { level: 30, ...child, stream: 'stdout', msg: 'plain' },
    { level: 50, userId: 7, loggedAt: 1, ...child, stream: 'stdout', msg: 'bad' },
    { level: 30, ...child, stream: 'stdout', msg: 'no level' },
    { level: 50, ...child, stream: 'stderr', msg: 'oops' },
  ]);
});

test('winston: the same', async () => {
  const stream = new PassThrough();
  const records = collect(stream);
  const logger = winston.createLogger({
    level: 'silly',
    format: winston.format.json(),
    transports: [new winston.transports.Stream({ stream })],
  });
  const sinks = [{ type: 'logger', logger, levels: { stdout: 'debug' } } as const];
  const { observed } = await runTask(logged, sinks);
  const child = { child: 'task', childPid: observed.exits[0]?.pid };
  await waitUntil(() => records().length === 4, { what: 'the log' });
  expect(records()).toEqual([
    { level: 'debug', ...child, stream: 'stdout', message: 'plain' },
    { level: 'error', userId: 7, loggedAt: 1, ...child, stream: 'stdout', message: 'bad' },
    { level: 'debug', ...child, stream: 'stdout', message: 'no level' },
    { level: 'error', ...child, stream: 'stderr', message: 'oops' },
  ]);
});

/** The JSON lines that are written to a stream. */
function collect(stream: PassThrough): () => unknown[] {
  let text = '';
  stream.on('data', (chunk: Buffer) => (text += String(chunk)));
  return () =>
    text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as unknown);
}
