import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A real process of a bot. */
export interface BotProcess extends AsyncDisposable {
  readonly stdout: string;
  readonly stderr: string;
  readonly isRunning: boolean;
  kill(signal: NodeJS.Signals): void;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

export function startBot(environment: Record<string, string>): BotProcess {
  const main = fileURLToPath(import.meta.resolve('@silly-face/bots/main'));
  const defaults = { BOT_NAME: 'Cosbybot', BOT_PASSWORD: 'pudding pops', BOT_SCAN_INTERVAL_MS: '50' };
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env['PATH'], ...defaults, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  // 'close', not 'exit': all output has arrived then.
  const exited = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
  }));
  return {
    get stdout() {
      return output.stdout;
    },
    get stderr() {
      return output.stderr;
    },
    get isRunning() {
      return child.exitCode === null && child.signalCode === null;
    },
    kill: (signal) => void child.kill(signal),
    exited,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
