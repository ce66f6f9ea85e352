// Loaded into every script that has a heartbeat, before the script: node --require.
//
// A timer of the event loop writes a line over a pipe of its own: how late it was at most, and whether the inspector could say
// where the loop hangs. When the lines stay out, the loop is blocked. Neither the timer nor the pipe keeps the process alive.
import type { Socket } from 'node:net';

const [fd = 0, intervalMs = 0] = (process.env['SUPERVISOR_HEARTBEAT'] ?? '').split(' ').map(Number);
// What this process starts has no such pipe: worker threads and Node.js processes that are forked here load this file as well.
delete process.env['SUPERVISOR_HEARTBEAT'];

if (fd > 0 && intervalMs > 0) {
  const hasInspector = process.features.inspector;
  // SIGUSR1 is to open the inspector on a free port, lest several children want the same one. Not as --inspect-port=0: the
  // workers of node:cluster would inherit it, count on from it and fail with port 1.
  if (hasInspector) process.debugPort = 0;
  const line = (lagMs: number): string => {
    const isDebugged = hasInspector && process.getBuiltinModule('node:inspector').url() !== undefined;
    const hasOwnListener = process.listenerCount('SIGUSR1') > 0;
    return `${Math.round(lagMs)} ${isDebugged ? 'd' : ''}${hasOwnListener ? 'u' : ''}${hasInspector ? '' : 'n'}\n`;
  };
  if (writeNow(fd, line(0))) goOn(fd, intervalMs, line);
}

/** The first beat. False when the supervisor is gone. To make the stream for all the others takes longer than the rest of this file. */
function writeNow(fd: number, text: string): boolean {
  try {
    process.getBuiltinModule('node:fs').writeSync(fd, text);
    return true;
  } catch {
    return false;
  }
}

function goOn(fd: number, intervalMs: number, line: (lagMs: number) => string): void {
  let pipe: Socket | undefined;
  const open = (): Socket => {
    const { Socket: Pipe } = process.getBuiltinModule('node:net');
    // The supervisor is gone; so will be this process, if that is what was asked for.
    return new Pipe({ fd, readable: false, writable: true })
      .unref()
      .once('error', () => clearInterval(timer));
  };
  const beat = (lagMs: number): void => {
    try {
      pipe ??= open();
    } catch {
      return clearInterval(timer); // The script has closed what it does not know.
    }
    // A supervisor that does not read is not worth our memory.
    if (pipe.writableLength === 0) pipe.write(line(lagMs));
  };
  // More turns than beats, so that few delays fall between two of them. Ten a second cost nothing that could be measured.
  const turnMs = intervalMs / Math.ceil(intervalMs / 100);
  let lagMs = 0;
  let last = nowMs();
  let lastBeat = last;
  const timer = setInterval(() => {
    const now = nowMs();
    lagMs = Math.max(lagMs, now - last - turnMs);
    last = now;
    if (now - lastBeat < intervalMs - turnMs / 2) return;
    beat(lagMs);
    lastBeat = now;
    lagMs = 0;
  }, turnMs).unref();
}

/** Not `performance`: what comes with it is most of what this file would cost a start. */
function nowMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}
