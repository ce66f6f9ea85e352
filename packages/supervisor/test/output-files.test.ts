import { execFileSync } from 'node:child_process';
import {
  createReadStream,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { Supervisor, type FileSinkOptions, type SinkFailedEvent } from '@silly-face/supervisor';
import { waitUntil } from '@silly-face/testing';
import { expect, onTestFinished, test } from 'vitest';
import { runTask } from './task-output.ts';
import { temporaryFolder } from './temporary-folder.ts';

const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;

test('raw: every byte as it was written, whether it is text or not', async () => {
  const path = join(temporaryFolder(), 'logs/{child}.log');
  const script = String.raw`printf 'plain\r\n\377\376\000binary\n\n'; head -c 3000000 /dev/zero; printf 'end\n'`;
  await runTask(script, [{ type: 'file', path, format: 'raw' }]);
  const expected = Buffer.concat([
    Buffer.from('plain\r\n\u00FF\u00FE\0binary\n\n', 'latin1'),
    Buffer.alloc(3_000_000),
    Buffer.from('end\n'),
  ]);
  expect(readFileSync(path.replace('{child}', 'task')).equals(expected)).toBe(true);
});

test('tagged: every line has its time and its child, also the middle ones of a stack trace', async () => {
  const path = join(temporaryFolder(), 'all.log');
  await runTask(String.raw`printf 'one\ntwo\n  at three\n'; sleep 0.1; printf 'oops\377' >&2`, [
    { type: 'file', path },
  ]);
  expect(readFileSync(path, 'latin1')).toMatch(
    new RegExp(
      `^${time} task \\| one\n${time} task \\| two\n${time} task \\|   at three\n${time} task stderr \\| oops\u00FF\n$`,
    ),
  );
});

test('json: one valid object a line whatever the bytes are, and no JSON in strings of JSON', async () => {
  const path = join(temporaryFolder(), 'all.json');
  const script = String.raw`printf 'plain €\n"quoted" \\ back\tslash\033[1m\n{"msg":"hi","n":1}\n{not json}\n\377\n' ; exec sleep 0.1`;
  const { observed } = await runTask(script, [{ type: 'file', path, format: 'json' }]);
  const records = readRecords(path);
  const [{ pid } = { pid: 0 }] = observed.exits;
  expect(records.map(({ time: _time, ...record }) => record)).toEqual(
    [
      { line: 'plain €' },
      { line: String.raw`"quoted" \ back` + '\tslash\u001B[1m' },
      { data: { msg: 'hi', n: 1 } },
      { line: '{not json}' },
      { line: '\uFFFD' },
    ].map((what) => ({ child: 'task', pid, stream: 'stdout', ...what })),
  );
  expect(records.every((record) => new RegExp(`^${time}$`).test(String(record['time'])))).toBe(true);
});

test('children and sinks that write to one path share it, line by line', async () => {
  const path = join(temporaryFolder(), 'shared.log');
  const args = ['-c', 'i=0; while [ $i -lt 5000 ]; do echo "$0 $i"; i=$((i+1)); done'];
  const supervisor = new Supervisor({
    output: [{ type: 'file', path, format: 'raw', maxBytes: 10_000 }],
    children: ['a', 'b', 'c'].map((name) => ({ name, command: 'sh', args: [...args, name], task: true })),
  });
  await supervisor.start();
  await supervisor.stop();
  const lines = readRotated(path);
  for (const name of ['a', 'b', 'c']) {
    expect(lines.filter((line) => line.startsWith(name))).toEqual(
      Array.from({ length: 5_000 }, (_, index) => `${name} ${index}`),
    );
  }
  expect(lines).toHaveLength(15_000);
});

test.each(['raw', 'tagged', 'json'] as const)(
  '%s: no line is lost or cut when a file is full, and none of the files is too large',
  async (format) => {
    const path = join(temporaryFolder(), 'api.log');
    const sink: FileSinkOptions = { type: 'file', path, format, maxBytes: 20_000, keep: 1_000 };
    await runTask('i=0; while [ $i -lt 10000 ]; do echo "line $i"; i=$((i+1)); done', [sink]);
    const lines = readRotated(path, 20_000);
    expect(lines.map((line) => /line \d+/.exec(line)?.[0])).toEqual(
      Array.from({ length: 10_000 }, (_, index) => `line ${index}`),
    );
  },
);

test('a line that is longer than a file may be gets one of its own', async () => {
  const path = join(temporaryFolder(), 'api.log');
  const script = `echo a; head -c 5000 /dev/zero | tr '\\0' x; echo; echo b`;
  await runTask(script, [{ type: 'file', path, format: 'raw', maxBytes: 100 }]);
  expect(readRotated(path)).toEqual(['a', 'x'.repeat(5_000), 'b']);
  expect(readdirSync(join(path, '..'))).toHaveLength(3);
});

test('the newest files are kept, those before are removed, and no others', async () => {
  const folder = temporaryFolder();
  const others = ['api.log.old', 'api-error.log', 'my-api.log.2020-01-01T00-00-00.000Z', 'api.log.1'];
  for (const name of others) writeFileSync(join(folder, name), 'not ours');
  writeFileSync(join(folder, 'api.log.2020-01-01T00-00-00.000Z'), 'ours, and old');
  const path = join(folder, 'api.log');
  await runTask('i=0; while [ $i -lt 500 ]; do echo "line $i"; i=$((i+1)); done', [
    { type: 'file', path, format: 'raw', maxBytes: 100, keep: 2 },
  ]);
  const files = readdirSync(folder).filter((name) => !others.includes(name));
  expect(files).toHaveLength(3);
  expect(files).not.toContain('api.log.2020-01-01T00-00-00.000Z');
  expect(readRotated(path).at(-1)).toBe('line 499');
  expect(readdirSync(folder)).toEqual(expect.arrayContaining(others));
});

test('files that were moved away are compressed on request, also those of a run before', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'api.log');
  writeFileSync(`${path}.2030-01-01T00-00-00.000Z`, 'of the run before\n');
  writeFileSync(`${path}.2030-01-01T00-00-00.000Z.gz.part`, 'half of it');
  await runTask('echo first; echo second', [
    { type: 'file', path, format: 'raw', maxBytes: 6, compress: true },
  ]);
  const packed = readdirSync(folder).filter((name) => name.endsWith('.gz'));
  expect(packed.map((name) => String(gunzipSync(readFileSync(join(folder, name)))))).toEqual([
    'first\n',
    'of the run before\n',
  ]);
  expect(readdirSync(folder)).toHaveLength(3);
  expect(readFileSync(path, 'utf8')).toBe('second\n');
});

test('a file is moved away when its first line is old enough, and never an empty one', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'api.log');
  await runTask('echo first; sleep 0.5; echo second', [{ type: 'file', path, format: 'raw', maxAgeMs: 300 }]);
  expect(readRotated(path)).toEqual(['first', 'second']);
  expect(readdirSync(folder)).toHaveLength(2);
});

test('logrotate moves a file and asks for a new one: no line is lost', async () => {
  const path = join(temporaryFolder(), 'api.log');
  const { supervisor, say } = await speaker([{ type: 'file', path, format: 'raw' }]);
  await say('before');
  await waitUntil(() => readLines(path).includes('before'), { what: 'the first line' });
  renameSync(path, `${path}.1`);
  supervisor.reopenFiles();
  await say('after');
  await waitUntil(() => readLines(path).includes('after'), { what: 'the new file' });
  expect([readLines(`${path}.1`), readLines(path)]).toEqual([['before'], ['after']]);
});

test('somebody who moves a file shortly before its rotation costs no line, and is no failure', async () => {
  const path = join(temporaryFolder(), 'api.log');
  const { say, failures } = await speaker([{ type: 'file', path, format: 'raw', maxBytes: 100 }]);
  await say('before'.repeat(10));
  await waitUntil(() => readLines(path).length === 1, { what: 'the first line' });
  renameSync(path, `${path}.1`);
  await say('after'.repeat(15));
  await waitUntil(() => readLines(path).length === 1, { what: 'the new file' });
  expect([readLines(`${path}.1`), readLines(path)]).toEqual([['before'.repeat(10)], ['after'.repeat(15)]]);
  expect(failures).toEqual([]);
});

test('a file whose folder somebody has removed is begun anew, without being asked', async () => {
  const folder = join(temporaryFolder(), 'logs');
  const path = join(folder, 'api.log');
  const { say } = await speaker([{ type: 'file', path, format: 'raw' }]);
  await say('before');
  await waitUntil(() => readLines(path).includes('before'), { what: 'the first line' });
  rmSync(folder, { recursive: true });
  await waitUntil(
    async () => {
      await say('after');
      return readLines(path).includes('after');
    },
    { what: 'a line in the new file', intervalMs: 200 },
  );
  expect(readLines(path)).not.toContain('before');
});

test('a file that cannot be opened is reported once, tried again, and then gets every line', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'logs/api.log');
  writeFileSync(join(folder, 'logs'), 'a file where the folder should be');
  const { say, failures } = await speaker([{ type: 'file', path, format: 'raw' }]);
  await say('before');
  await waitUntil(() => failures.length > 0, { what: 'the report' });
  expect(failures[0]).toMatchObject({
    sink: path,
    error: { code: 'OUTPUT_FAILED', message: expect.stringContaining(`to ${path}: `) },
  });
  rmSync(join(folder, 'logs'));
  mkdirSync(join(folder, 'logs'));
  await say('after');
  await waitUntil(() => readLines(path).length === 2, { what: 'both lines' });
  expect(readLines(path)).toEqual(['before', 'after']);
  expect(failures).toHaveLength(1);
});

test('a named pipe without a reader is an error that blocks nobody, and its reader gets the lines', async () => {
  const path = join(temporaryFolder(), 'pipe');
  execFileSync('mkfifo', [path]);
  const { say, failures } = await speaker([{ type: 'file', path, format: 'raw' }]);
  await waitUntil(() => failures.length > 0, { what: 'the report' });
  expect(failures[0]?.error.message).toContain('ENXIO');
  const reader = createReadStream(path, { encoding: 'utf8' });
  let text = '';
  reader.on('data', (chunk) => (text += String(chunk)));
  await say('hello');
  await waitUntil(() => text.endsWith('hello\n'), { what: 'the line' });
  reader.destroy();
});

test('a disk without space ends nobody: what does not fit is dropped, counted, and reported', async () => {
  const sinks = [{ type: 'file', path: '/dev/full', format: 'raw', maxBufferedBytes: 100_000 } as const];
  const supervisor = new Supervisor({
    output: sinks,
    children: [{ name: 'yes', command: 'sh', args: ['-c', 'yes | head -c 1000000'], task: true }],
  });
  const failures: SinkFailedEvent[] = [];
  let lost = 0;
  supervisor.on('sinkFailed', (event) => failures.push(event));
  supervisor.on('dropped', ({ bytes, lines }) => {
    expect(lines).toBe(bytes / 2);
    lost += bytes;
  });
  await supervisor.start();
  await supervisor.stop();
  expect(failures).toHaveLength(1);
  expect(failures[0]?.error.message).toContain('ENOSPC');
  expect(lost).toBe(1_000_000);
});

/** A child that repeats what it is told, through a pipe that keeps it alive. */
async function speaker(output: FileSinkOptions[]) {
  const supervisor = new Supervisor({
    output,
    children: [{ name: 'speaker', script: fileURLToPath(new URL('fixtures/speaker.mjs', import.meta.url)) }],
  });
  onTestFinished(() => supervisor.stop());
  const failures: SinkFailedEvent[] = [];
  supervisor.on('sinkFailed', (event) => failures.push(event));
  let port = 0;
  supervisor.on('output', ({ line }) => {
    if (line.startsWith('port ')) port = Number(line.slice(5));
  });
  await supervisor.start();
  await waitUntil(() => port > 0, { what: 'the port' });
  const say = async (line: string): Promise<void> => {
    await fetch(`http://127.0.0.1:${port}/${line}`);
  };
  return { supervisor, failures, say };
}

/** Without the line that the speaker begins with. */
function readLines(path: string): string[] {
  try {
    return split(readFileSync(path, 'utf8')).filter((line) => !line.startsWith('port '));
  } catch {
    return []; // It is not there yet.
  }
}

/** All lines of a file and of those that were moved away, oldest first. */
function readRotated(path: string, maxBytes = Infinity): string[] {
  const folder = join(path, '..');
  const base = path.slice(folder.length + 1);
  const old = readdirSync(folder)
    .filter((name) => name.startsWith(`${base}.20`))
    .toSorted();
  return [...old, base].flatMap((name) => {
    const text = readFileSync(join(folder, name), 'utf8');
    expect(text.length).toBeLessThanOrEqual(maxBytes);
    expect(text.endsWith('\n')).toBe(true);
    return split(text);
  });
}

function readRecords(path: string): Record<string, unknown>[] {
  return split(readFileSync(path, 'utf8')).map((line) => JSON.parse(line) as Record<string, unknown>);
}

function split(text: string): string[] {
  return text.split('\n').slice(0, -1);
}
