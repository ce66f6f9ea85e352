// A child that prints: its LogOrder is in ORDER, as JSON.
import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { now } from '../harness/now.ts';
import { lineStart, type LogOrder, type Started, streamedLineBytes } from './log-order.ts';

const { kind, lines, startedFile } = JSON.parse(process.env.ORDER ?? '') as LogOrder;
const started: Started = { pid: process.pid, at: now() };
writeFileSync(`${startedFile}.new`, JSON.stringify(started));
renameSync(`${startedFile}.new`, startedFile);

if (kind === 'burst') {
  for (let number = 1; number <= lines; number++) console.log(`${lineStart(number)}of a burst`);
  process.exit(1);
}

const linesPerWrite = 200;
const text = rest(kind === 'stream' ? 'GET /party/seat 200 ' : 'été 日本語 🙂🎉 Ærø ');
for (let first = 1; first <= lines; first += linesPerWrite) {
  let chunk = '';
  for (let number = first; number < first + linesPerWrite; number++) chunk += lineStart(number) + text;
  process.stdout.write(chunk);
  if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
}

/** Repeated as often as it fits, and filled up. */
function rest(words: string): string {
  const bytes = streamedLineBytes - lineStart(0).length - 1;
  const times = Math.floor(bytes / Buffer.byteLength(words));
  return `${words.repeat(times)}${'.'.repeat(bytes - times * Buffer.byteLength(words))}\n`;
}
