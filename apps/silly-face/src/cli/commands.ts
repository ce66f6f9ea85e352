import { superviseCommand } from './supervisor-command.ts';

export interface Command {
  /** What it takes: `[name]`. */
  readonly synopsis: string;
  /** One line. */
  readonly summary: string;
  run(args: readonly string[]): Promise<void>;
}

/** Every verb, in the order of the help. */
export const commands = {
  start: {
    synopsis: '[--nginx]',
    summary: 'run the backend in the foreground; SIGINT and SIGTERM stop it, SIGHUP deploys',
    // Only here: the others need nothing of the backend.
    run: async () => void (await import('../main.ts')),
  },
  deploy: {
    synopsis: '[--socket <path>]',
    summary: 'replace the processes by what now stands in dist; waits, and fails with the reason',
    run: async (args) => {
      await superviseCommand('reload', args);
      // Its reason is printed already.
      if (process.exitCode === 0) console.log('Deployed');
      if (process.exitCode === 1) console.error('Not deployed');
    },
  },
  status: {
    synopsis: '[--json] [--socket <path>]',
    summary: 'show every process; with --json all that is known',
    run: async (args) => superviseCommand('status', args),
  },
  stop: {
    synopsis: '[--socket <path>]',
    summary: 'stop everything in order, and wait for its end',
    run: async (args) => superviseCommand('stop', args),
  },
  logs: {
    synopsis: '[-f] [-n <count>] [--socket <path>] [name]',
    summary: 'print the last lines, of all or of one; -f goes on with those to come',
    run: async (args) => superviseCommand('logs', args),
  },
} satisfies Record<string, Command>;

export function isCommand(verb: string): verb is keyof typeof commands {
  return Object.hasOwn(commands, verb);
}
