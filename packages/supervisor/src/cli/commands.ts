import type { ControlRequest } from '../control/request.ts';
import { wholeNumber, type Call, type Command, type CommandOption } from './command.ts';
import { start } from './start.ts';

const client = () => import('./client-commands.ts');

const where: Record<'socket' | 'config', CommandOption> = {
  socket: { type: 'string', short: 's', value: '<path>', help: 'the control socket of the supervisor' },
  config: { type: 'string', short: 'c', value: '<file>', help: 'the configuration that it was started with' },
};

/** Every verb, in the order of the help. */
export const commands: Readonly<Record<string, Command>> = {
  start: {
    synopsis: 'start <config>',
    summary: 'Run the children of a configuration in the foreground',
    notes: `
The configuration is a .json file, or a .js, .mjs or (from Node.js 22.18 on) .ts module with the options as default export.
SIGINT and SIGTERM stop the children in order, a second one ends them at once. SIGHUP reads the file again and reloads.
With signals and reloadSignals it may name others.
`,
    options: {
      socket: {
        type: 'string',
        short: 's',
        value: '<path>',
        help: 'the control socket; default: `controlSocket` of the configuration, else supervisor.sock beside it',
      },
      'no-socket': { type: 'boolean', help: 'no control socket: the other commands cannot be used' },
    },
    words: [1, 1],
    run: start,
  },
  status: {
    synopsis: 'status',
    summary: 'Show every child: state, process, restarts, health, memory, processor time',
    options: { ...where, json: { type: 'boolean', help: 'all that is known, as JSON' } },
    words: [0, 0],
    run: async (call) => (await client()).showStatus(call),
  },
  logs: {
    synopsis: 'logs [name]',
    summary: 'Print the last lines of all children, or of one',
    options: {
      ...where,
      follow: { type: 'boolean', short: 'f', help: 'go on with those to come' },
      lines: { type: 'string', short: 'n', value: '<count>', help: 'how many of the last lines; default 20' },
    },
    words: [0, 1],
    run: async (call) => (await client()).showLogs(call),
  },
  reload: request(
    'reload',
    'Read the configuration again and replace the processes, without a refused connection',
    () => ({
      command: 'reload',
    }),
  ),
  restart: request(
    'restart [name]',
    'Replace the process of a child, or of all, one after the other',
    ([name]) => ({
      command: 'restart',
      ...(name === undefined ? {} : { name }),
    }),
  ),
  'start-child': request(
    'start-child <name>',
    'Start a child that was stopped or has failed',
    ([name = '']) => ({
      command: 'start',
      name,
    }),
  ),
  stop: {
    synopsis: 'stop [name]',
    summary: 'Stop a child; without a name all of them in order, and then the supervisor',
    options: where,
    words: [0, 1],
    run: async (call) => (await client()).stop(call),
  },
  scale: request(
    'scale <name> <count>',
    'Change how many instances of a child there are',
    ([name = '', count = '']) => ({
      command: 'scale',
      name,
      count: wholeNumber(count, '<count>', 1),
    }),
  ),
  metrics: {
    synopsis: 'metrics',
    summary: 'Print the metrics in the text format of Prometheus',
    options: where,
    words: [0, 0],
    run: async (call) => (await client()).printMetrics(call),
  },
  'reopen-logs': request(
    'reopen-logs',
    'Open the log files anew, after somebody has moved them away',
    () => ({
      command: 'reopen-logs',
    }),
  ),
};

/** A command that only passes on a request and tells how it goes. */
function request(
  synopsis: string,
  summary: string,
  toRequest: (words: readonly string[]) => ControlRequest,
): Command {
  const parameters = synopsis.split(' ').slice(1);
  const min = parameters.filter((parameter) => parameter.startsWith('<')).length;
  return {
    synopsis,
    summary,
    options: where,
    words: [min, parameters.length],
    run: async (call: Call) => (await client()).tellProgress(call, toRequest(call.words)),
  };
}
