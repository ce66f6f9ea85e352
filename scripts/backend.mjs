// npm run backend -- start | deploy | status | stop | logs
//
// What starts or releases code installs and builds it first. The others leave the folders of the running backend alone: a process that
// is started again after a crash would otherwise be of a release that nobody deployed.
import { existsSync } from 'node:fs';

const cli = 'apps/silly-face/dist/cli/main.js';
const [node, script, ...args] = process.argv;
const builds = ['start', 'deploy'].includes(args[0]);
const url = new URL(`../${cli}`, import.meta.url);

if (builds) {
  const install = '--filter . --filter @silly-face/backend...';
  const build = 'turbo run build --filter=@silly-face/backend... --output-logs=errors-only';
  process.argv = [node, script, `--install=${install}`, `--run=${build}`, '--then', cli, ...args];
  await import('./with-pnpm.mjs');
} else if (existsSync(url)) {
  await import(url.href);
} else {
  console.error('The backend is not built, so it cannot run either: npm run backend -- start');
  process.exitCode = 1;
}
