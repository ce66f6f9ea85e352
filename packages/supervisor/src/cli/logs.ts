import { once } from 'node:events';
import { ask, type Frame } from '../control/client.ts';
import type { RecentLine } from '../control/recent-lines.ts';
import { wholeNumber, type Call } from './command.ts';
import { findSocket } from './find-socket.ts';

/** Everything goes to the standard output, whatever stream it came from, so that the order stays. */
export async function showLogs(call: Call): Promise<void> {
  const { lines, follow } = call.options;
  const [name] = call.words;
  // Who has seen enough (`| head`) has seen enough.
  process.stdout.on('error', () => process.exit());
  const request = {
    command: 'logs' as const,
    follow: follow === true,
    ...(name === undefined ? {} : { name }),
    ...(typeof lines === 'string' ? { lines: wholeNumber(lines, '--lines', 1) } : {}),
  };
  await ask(await findSocket(call), request, { onEvent: print });
}

async function print(frame: Frame): Promise<void> {
  if (frame['event'] !== 'line') return;
  const { child, pid, stream, line } = frame as unknown as RecentLine;
  const who = pid === undefined ? child : `${child} (${pid})`;
  const text = stream === 'supervisor' ? `supervisor | ${who}: ${line}\n` : `${child} | ${line}\n`;
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}
