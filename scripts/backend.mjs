// npm run backend -- start | deploy | status | stop | logs
//
// What starts or releases code installs and builds it first. The others leave the folders of the running backend alone: a process that
// is started again after a crash would otherwise be of a release that nobody deployed. For the same reason `deploy` first looks whether
// there is somebody to deploy to.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const cli = 'apps/silly-face/dist/cli/main.js';
const [node, script, verb, ...args] = process.argv;
const url = new URL(`../${cli}`, import.meta.url);
const isBuilt = existsSync(url);
const asksForHelp = args.some((word) => word === '--help' || word === '-h');
const builds = !asksForHelp && (verb === 'start' || (verb === 'deploy' && isBuilt && answers(args)));

if (builds) {
  const install = '--filter . --filter @silly-face/backend...';
  const build = 'turbo run build --filter=@silly-face/backend... --output-logs=errors-only';
  process.argv = [node, script, `--install=${install}`, `--run=${build}`, '--then', cli, verb, ...args];
  await import('./with-pnpm.mjs');
} else if (!isBuilt) {
  console.error('The backend is not built, so it cannot run either: npm run backend -- start');
  process.exitCode = 1;
} else if (verb !== 'deploy' || asksForHelp) {
  await import(url.href);
}

/** The backend at the socket of these arguments. Else it is told why not, and the exit code is set. */
function answers(socket) {
  const asked = [fileURLToPath(url), 'status', ...socket];
  const { status } = spawnSync(node, asked, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) process.exitCode = status ?? 1;
  return status === 0;
}
