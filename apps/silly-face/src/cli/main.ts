#!/usr/bin/env node
// silly-face start | deploy | status | stop | logs
import { ConfigError } from '../config.ts';
import { commands, isCommand } from './commands.ts';

const [verb = '', ...args] = process.argv.slice(2);
if (isCommand(verb) && args.some((word) => word === '--help' || word === '-h')) {
  const { synopsis, summary } = commands[verb];
  process.stdout.write(`Usage: silly-face ${verb} ${synopsis}\n\n${summary}\n`);
} else if (isCommand(verb)) {
  try {
    await commands[verb].run(args);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
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
