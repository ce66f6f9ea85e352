#!/usr/bin/env node
// silly-face start | deploy | status | stop | logs
import { commands, isCommand } from './commands.ts';

const [verb = '', ...args] = process.argv.slice(2);
if (isCommand(verb)) {
  await commands[verb].run(args);
} else {
  const rows = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(8)}${summary}\n`);
  const isAsked = ['help', '--help', '-h'].includes(verb);
  const text = `Usage: silly-face <command>

${rows.join('')}
All but start speak to the running backend, at control.sock in its data folder: SILLY_FACE_DATA, or --socket <path>.
Exit codes: 0 done, 1 failed, 2 wrong usage.
`;
  process[isAsked ? 'stdout' : 'stderr'].write(text);
  process.exitCode = isAsked ? 0 : 2;
}
