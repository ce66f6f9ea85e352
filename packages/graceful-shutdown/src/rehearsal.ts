import { Console } from 'node:console';
import { Server, Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { newLastWords } from './last-words.ts';
import type { ShutdownSettings } from './options.ts';
import { formatReport } from './report.ts';
import { newSequence } from './sequence.ts';

/**
 * A forced end of nothing, heard by nobody, goes the way of a real one. Code that runs for the first time takes many times as
 * long, and an operator who sends a second signal waits for it: so it does that before, while the drain waits.
 */
export async function rehearseForcedEnd(settings: ShutdownSettings): Promise<void> {
  const logger = new Console(new PassThrough().resume());
  const words = newLastWords({ logger, flushTimeoutMs: settings.flushTimeoutMs });
  const sequence = newSequence(settings);
  const server = new Server();
  sequence.addServer(server);
  server.emit('connection', new Socket());
  const report = sequence.start('rehearsal');
  words.hurry();
  sequence.force();
  words.say('warn', formatReport(await report));
  await words.flush();
}
