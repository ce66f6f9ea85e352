// What `npm run soak` runs once everything is installed: build, then the long tests, and at the end what was skipped, what failed
// and why.
import { spawnSync } from 'node:child_process';

const run = (command, ...args) => {
  const env = { ...process.env, SILLY_FACE_SOAK: 'long' };
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', env });
  if (error) throw error;
  return status === 0;
};
const tests = ['test/soak', 'test/nginx/whole', 'test/http/fuzz'];

run(process.execPath, 'scripts/test-summary.mjs', '--forget');
const built = run('turbo', 'run', 'build', '--filter=@silly-face/backend...', '--output-logs=errors-only');
const passed = built && run('pnpm', '--filter', '@silly-face/backend', 'test', ...tests);
const complete = built && run(process.execPath, 'scripts/test-summary.mjs');
process.exitCode = passed && complete ? 0 : 1;
