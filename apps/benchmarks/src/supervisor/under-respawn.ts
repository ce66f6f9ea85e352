// A bare respawn loop: the least that a supervisor can be. What it runs comes as JSON.
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, openSync } from 'node:fs';
import type { RespawnOrder } from './candidates/others.ts';
import { commandLine, type Program } from './program.ts';

const { programs, logBy } = JSON.parse(process.argv[2] ?? '') as RespawnOrder;
const running = new Set<ChildProcess>();
let stopping = false;

function run(program: Program, output: number | 'pipe' | 'ignore', log?: NodeJS.WritableStream): void {
  const [file, ...args] = commandLine(program);
  const child = spawn(file, args, {
    env: { ...process.env, ...program.env },
    stdio: ['ignore', output, 'ignore'],
  });
  if (log) child.stdout?.pipe(log, { end: false });
  running.add(child);
  child.on('exit', () => {
    running.delete(child);
    if (stopping) endWhenAlone();
    else if (program.restarts) run(program, output, log);
  });
}

function endWhenAlone(): void {
  if (running.size === 0) process.exit(0);
}

const stop = (): void => {
  stopping = true;
  for (const child of running) child.kill();
  endWhenAlone();
};
process.on('SIGTERM', stop);
process.on('disconnect', stop);

for (const program of programs) {
  const { logFile } = program;
  if (logFile === undefined) run(program, 'ignore');
  else if (logBy === 'descriptor') run(program, openSync(logFile, 'a'));
  else run(program, 'pipe', createWriteStream(logFile, { flags: 'a' }));
}
