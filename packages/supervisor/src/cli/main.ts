#!/usr/bin/env node
import { SupervisorError } from '../errors.ts';
import { printEvents } from '../output/print.ts';
import { Supervisor } from '../supervisor.ts';
import { loadConfig } from './config.ts';

const usage = `Usage: supervisor start <config.js|config.mjs|config.json>

Runs the children of the configuration in the foreground. SIGINT and SIGTERM stop them in order; a second one ends them at once.
SIGHUP runs the tasks again, then replaces the processes behind held sockets, one at a time.
`;

const [command, file, ...rest] = process.argv.slice(2);
if (command === '--help' || command === '-h') {
  process.stdout.write(usage);
} else if (command !== 'start' || file === undefined || rest.length > 0) {
  process.stderr.write(usage);
  process.exitCode = 2;
} else {
  await start(file);
}

async function start(config: string): Promise<void> {
  try {
    // Whoever reads what we print may go away (EPIPE): the children stay.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
    const supervisor = new Supervisor({
      output: [{ type: 'console' }],
      ...(await loadConfig(config)),
      signals: ['SIGINT', 'SIGTERM'],
    });
    printEvents(supervisor);
    supervisor.on('failed', ({ error }) => process.stderr.write(`supervisor | ${error.message}\n`));
    process.on('SIGHUP', () => void reload(supervisor));
    await supervisor.start();
  } catch (error) {
    report(error);
    process.exitCode = 1;
  }
}

async function reload(supervisor: Supervisor): Promise<void> {
  try {
    await supervisor.reload();
    process.stderr.write('supervisor | reloaded\n');
  } catch (error) {
    report(error);
    process.stderr.write('supervisor | not reloaded: what served before goes on\n');
  }
}

function report(error: unknown): void {
  if (!(error instanceof SupervisorError)) throw error;
  process.stderr.write(`supervisor | ${error.message}\n`);
}
