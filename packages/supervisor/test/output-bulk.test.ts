import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Supervisor } from '@silly-face/supervisor';
import { expect, test } from 'vitest';
import { runTask } from './task-output.ts';
import { temporaryFolder } from './temporary-folder.ts';

test('megabytes of lines of every length arrive whole, as bytes and as JSON, in two files that have the child wait', async () => {
  const folder = temporaryFolder();
  const [source, raw, json] = ['source', 'raw', 'json'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const lines = Array.from({ length: 6_000 }, (_, index) => line(index));
  writeFileSync(source, lines.map((text) => `${text}\n`).join(''));
  await runTask(`cat ${source}`, [
    { type: 'file', path: raw, format: 'raw', maxBufferedBytes: 100_000, maxWaitMs: false },
    { type: 'file', path: json, format: 'json', maxWaitMs: false },
  ]);
  expect(readFileSync(raw).equals(readFileSync(source))).toBe(true);
  const records = readFileSync(json, 'utf8').trimEnd().split('\n').map(readRecord);
  expect(records).toHaveLength(lines.length);
  // Not all in one comparison: a difference would be shown with all of them.
  for (const [index, record] of records.entries()) expect(record).toBe(lines[index]);
});

test.each(['exit', 'crash'])(
  'what a program writes before its %s arrives in a slow sink and in a fast one, in the middle of a line',
  async (how) => {
    const folder = temporaryFolder();
    const [source, raw] = [join(folder, 'source'), join(folder, 'raw')];
    writeFileSync(source, `${Array.from({ length: 2_000 }, (_, index) => line(index)).join('\n')}\nno end`);
    const received: string[] = [];
    const supervisor = new Supervisor({
      output: [
        { type: 'file', path: raw, format: 'raw' },
        {
          type: 'function',
          whenFull: 'wait',
          maxWaitMs: false,
          maxBufferedBytes: 50_000,
          onLine: async (event) => {
            if (received.push(event.line) % 50 === 0) await setImmediate();
          },
        },
      ],
      children: [
        {
          name: 'it',
          command: 'sh',
          args: ['-c', `cat ${source}; ${how === 'crash' ? 'kill -9 $$' : 'exit 1'}`],
          restart: false,
        },
      ],
    });
    const exited = once(supervisor, 'exit');
    await supervisor.start();
    expect((await exited)[0]).toMatchObject({ lastLines: expect.arrayContaining(['no end']) });
    await supervisor.stop();
    const text = `${readFileSync(source, 'utf8')}\n`;
    expect(readFileSync(raw, 'utf8') === text).toBe(true);
    expect(`${received.join('\n')}\n` === text).toBe(true);
  },
);

const rare = ['"', '\\', '\0', '\t', '\u001f', '\u007f', '{}', '{'];

function readRecord(text: string): string {
  const { line, data } = JSON.parse(text) as { line?: string; data?: unknown };
  return line ?? JSON.stringify(data);
}

/**
 * Empty ones, some that only look like objects, a few that are longer than what is read at once, escapes all over; and for a while
 * hardly any, each somewhere else.
 */
function line(index: number): string {
  if (index % 400 < 200) {
    if (index % 1_000 === 1) return 'ø'.repeat(100_000);
    const plain = 'GET /party/seat 200 日本語 '.repeat((index * 7_919) % 9);
    const at = (index * 31) % (plain.length + 1);
    return index % 17 === 0 ? `${plain.slice(0, at)}${rare[index % rare.length]}${plain.slice(at)}` : plain;
  }
  if (index % 11 === 0) return '';
  if (index % 7 === 0) return JSON.stringify({ index, text: 'é'.repeat(index % 400) });
  if (index % 13 === 0) return `{ no ${'"'.repeat(index % 300)} }`;
  if (index % 1_000 === 1) return `${index} ${'\u0001\\'.repeat(70_000)}`;
  const words = `${index} "🙂" \\ \t é `;
  return words.repeat(((index * 7_919) % 60) + 1).slice(0, -(index % 3) - 1);
}
