// Run in a package's folder by its `check` script: is what would be published right? publint and arethetypeswrong look at the
// packed tarball, size-limit at the built JavaScript.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const commands = [
  ['publint', '--strict', '--pack', 'pnpm'],
  ['attw', '--pack', '.', '--profile', 'esm-only'],
  ['size-limit'],
];
for (const [command, ...args] of commands) {
  const { status, error } = spawnSync(command, args, {
    stdio: 'inherit',
    env: {
      ...process.env,
      PATH: `${fileURLToPath(new URL('../node_modules/.bin', import.meta.url))}:${process.env.PATH}`,
    },
  });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
