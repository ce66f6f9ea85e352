// What `npm test` runs once everything is installed: build, then lint, types, package checks and all tests, and at the end
// what was skipped, what failed and why.
import { spawnSync } from 'node:child_process';

const run = (command, ...args) => {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' });
  if (error) throw error;
  return status === 0;
};

run(process.execPath, 'scripts/test-summary.mjs', '--forget');
const built = run('turbo', 'run', 'build', '--output-logs=errors-only');
const tasks = ['lint', 'typecheck', 'check', 'test', 'test:house'];
// Two at a time: more would only slow down each other's processes and servers.
const passed =
  built && run('turbo', 'run', ...tasks, '--concurrency=2', '--continue', '--output-logs=new-only');
const complete = built && run(process.execPath, 'scripts/test-summary.mjs');
process.exitCode = passed && complete ? 0 : 1;
