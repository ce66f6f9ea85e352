import { ask, type Frame } from '../control/client.ts';
import type { ControlRequest } from '../control/request.ts';
import { withoutLastWords } from '../errors.ts';
import type { StateEvent } from '../events.ts';
import { printState } from '../output/print.ts';
import type { Call } from './command.ts';
import { findSocket } from './find-socket.ts';

/** Asks the supervisor for something that takes a while, and prints the changes of state that come meanwhile. */
export async function tellProgress(call: Call, request: ControlRequest): Promise<Frame> {
  const path = await findSocket(call);
  // What it is asked for may take a while before there is anything to tell; whether it answers at all shows here.
  await ask(path, { command: 'status' });
  const answer = await ask(path, request, {
    timeoutMs: 'none',
    onEvent: (frame) => {
      if (frame['event'] !== 'state') return;
      // They come once more with the answer, if it is that it failed.
      const state = frame as unknown as StateEvent;
      printState({ ...state, reason: withoutLastWords(state.reason) });
    },
  });
  process.stderr.write(`supervisor | ${request.command}: done\n`);
  return answer;
}

export async function printMetrics(call: Call): Promise<void> {
  const { text } = await ask(await findSocket(call), { command: 'metrics' });
  process.stdout.write(String(text));
}
