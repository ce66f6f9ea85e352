import type { Command, CommandOption } from './command.ts';

/** All commands, one a line. */
export function overview(commands: Readonly<Record<string, Command>>): string {
  const rows = Object.values(commands).map(({ synopsis, summary }): [string, string] => [synopsis, summary]);
  return `Usage: supervisor <command>

${inColumns(rows)}
supervisor <command> --help tells more; supervisor --version prints the version.

Commands find the supervisor at --socket, beside the file of --config, or at supervisor.sock in this folder.
Exit codes: 0 done, 1 failed, 2 wrong usage.
`;
}

/** One command with its options. */
export function commandHelp({ synopsis, summary, notes = '', options }: Command): string {
  const all: Readonly<Record<string, CommandOption>> = {
    ...options,
    help: { type: 'boolean', short: 'h', help: 'print this' },
  };
  const rows = Object.entries(all).map(([name, { short, value, help }]): [string, string] => {
    const flag = short === undefined ? `    --${name}` : `-${short}, --${name}`;
    return [value === undefined ? flag : `${flag} ${value}`, help];
  });
  return `Usage: supervisor ${synopsis}\n\n${summary}.\n${notes}\n${inColumns(rows)}`;
}

function inColumns(rows: readonly [string, string][]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}\n`).join('');
}
