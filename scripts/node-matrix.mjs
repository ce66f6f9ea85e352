// Runs the tests of the published packages, already built, on other versions of Node, which npx brings from the npm registry, and
// those of the backend on the version that its image is of: `node scripts/node-matrix.mjs 22 24 26`. Not through turbo, whose hash
// does not see the version of Node.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const root = new URL('..', import.meta.url);
const { packageManager } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
const image = readFileSync(new URL('apps/silly-face/deploy/Dockerfile', root), 'utf8');
const [, shipped] = /^FROM node:(\d+)/m.exec(image);
const run = (command, args) => spawnSync(command, args, { cwd: root, stdio: 'inherit' }).status ?? 1;

run(process.execPath, ['scripts/test-summary.mjs', '--forget']);
let failed = false;
for (const version of process.argv.slice(2)) {
  console.log(`\n== Node ${version}`);
  const filters = ['./packages/*', ...(version === shipped ? ['@silly-face/backend'] : [])];
  const filter = filters.map((workspaces) => `--filter "${workspaces}"`).join(' ');
  const call = `node --version && pnpm --recursive --workspace-concurrency=2 --no-bail --aggregate-output ${filter} run test`;
  const packages = ['--package', `node@${version}`, '--package', packageManager];
  if (run('npx', ['--yes', '--prefer-offline', '--loglevel=error', ...packages, '--call', call]) !== 0)
    failed = true;
}
if (run(process.execPath, ['scripts/test-summary.mjs']) !== 0) failed = true;
process.exitCode = failed ? 1 : 0;
