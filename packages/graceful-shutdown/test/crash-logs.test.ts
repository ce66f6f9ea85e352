// 2,000 lines and a crash right behind them: what a logger holds back is written before the exit.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FixtureProcess } from './child.ts';

// A loaded machine writes slowly, which is no failure.
const patient = { flushTimeoutMs: 60_000 };
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crash-logs-'));
});
afterAll(() => rm(folder, { recursive: true }));

function expectWhole(log: string, lastWord: RegExp): void {
  expect(log.match(/line \d+ of many/g)).toEqual(
    Array.from({ length: 2_000 }, (_, index) => `line ${index + 1} of many`),
  );
  expect(log).toMatch(lastWord);
}
const lastWord = /Crashed by uncaughtException: Error: the last straw/;

describe('keeps 2,001 of 2,001 lines in a file', () => {
  it.each([
    'pino, sync',
    'pino, async',
    'pino, async and buffered',
    'pino, child logger',
    'pino, worker',
    'pino, worker with two targets',
    'pino, multistream',
    'winston, file',
    'winston, lazy file',
    'winston, stream',
    'own Console',
  ])('%s', async (kind) => {
    const file = join(folder, `${kind}.log`);
    await using child = new FixtureProcess('crash-logs.mjs', { kind, file, options: patient });
    expect(await child.ended).toEqual({ code: 1, signal: null, output: '' });
    expectWhole(await readFile(file, 'utf8'), lastWord);
  });

  it.each(['pino, async', 'winston, file'])('by terminate(), too: %s', async (kind) => {
    const file = join(folder, `terminate, ${kind}.log`);
    const config = { kind, file, by: 'terminate', options: patient };
    await using child = new FixtureProcess('crash-logs.mjs', config);
    expect(await child.ended).toEqual({ code: 1, signal: null, output: '' });
    expectWhole(await readFile(file, 'utf8'), /Unexpected Error: Error: the last straw/);
  });
});

describe('keeps 2,001 of 2,001 lines through a pipe whose reader is slow', () => {
  it.each(['console', 'pino, stdout', 'pino, async stdout', 'winston, console'])('%s', async (kind) => {
    await using child = new PipedProcess({ kind, options: patient });
    const log = await child.readSlowly();
    expectWhole(log, lastWord);
    expect(await child.exitCode).toBe(1);
  });
});

it.each(['console', 'winston, console', 'pino, async stdout'])(
  'ends all the same when the reader of the pipe is stuck: %s',
  async (kind) => {
    await using child = new PipedProcess({ kind, options: { flushTimeoutMs: 100 } });
    // Nobody reads.
    expect(await child.exitCode).toBe(1);
  },
);

/** Its stdout and stderr are pipes that nobody reads unless told to. */
class PipedProcess implements AsyncDisposable {
  readonly exitCode: Promise<number | null>;
  readonly #process;

  constructor(config: object) {
    const fixture = new URL('fixtures/crash-logs.mjs', import.meta.url);
    this.#process = fork(fixture, [JSON.stringify(config)], { silent: true });
    this.exitCode = once(this.#process, 'exit').then(() => this.#process.exitCode);
  }

  async readSlowly(): Promise<string> {
    const { stdout, stderr } = this.#process;
    if (!stdout || !stderr) throw new Error('The child has no pipes');
    const texts = await Promise.all([readSlowly(stdout), readSlowly(stderr)]);
    return texts.join('');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.exitCode;
    this.#process.stdout?.destroy();
    this.#process.stderr?.destroy();
  }
}

async function readSlowly(stream: Readable): Promise<string> {
  let text = '';
  for await (const chunk of stream) {
    text += String(chunk);
    await sleep(2);
  }
  return text;
}
