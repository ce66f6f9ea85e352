// Does what a script of package.json needs on a machine that has Node and npm only: npx brings the pnpm that package.json names,
// from its cache where it can, and the workspace's binaries are on PATH.
//
//   node scripts/with-pnpm.mjs [--install '<arguments of pnpm install>'] [--run '<command>']... [--then <module> <arguments>...]
//
// The module of --then runs in this very process, which owns the signals from the first moment to the last: one that comes during
// the installation ends that, all of it.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = new URL('..', import.meta.url);

// The lockfile holds the hash of every package, and pnpm checked their age when it was written. To check that anew costs a fresh
// machine a question to the registry for each of them, a minute and a half in all.
const installCommand = 'pnpm install --frozen-lockfile --config.minimumReleaseAge=0';

const then = process.argv.indexOf('--then');
const { values } = parseArgs({
  args: process.argv.slice(2, then === -1 ? undefined : then),
  options: { install: { type: 'string' }, run: { type: 'string', multiple: true, default: [] } },
});
const install = values.install === undefined ? [] : [`${installCommand} ${values.install}`];
const code = await runAll([...install, ...values.run]);
if (code !== 0 || then === -1) {
  process.exitCode = code;
} else {
  const [module, ...args] = process.argv.slice(then + 1);
  const url = new URL(module, root);
  process.argv = [process.execPath, fileURLToPath(url), ...args];
  await import(url);
}

/** One after the other, until one fails. Resolves to its exit code, for a signal 128 and its number, as a shell would. */
async function runAll(commands) {
  const { packageManager } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
  const call = ['--yes', '--prefer-offline', '--loglevel=error', '--package', packageManager, '--call'];
  const groups = process.platform !== 'win32';
  const child = spawn('npx', [...call, commands.join(' && ')], {
    cwd: root,
    env: {
      ...process.env,
      PATH: `${fileURLToPath(new URL('node_modules/.bin', root))}:${process.env.PATH}`,
      TURBO_TELEMETRY_DISABLED: '1',
    },
    stdio: ['ignore', 'inherit', 'inherit'],
    // A group of its own: npx, the shell and what that runs can be told together.
    detached: groups,
  });
  let told;
  const tell = (signal) => {
    told ??= signal;
    if (groups && child.pid !== undefined) process.kill(-child.pid, signal);
    else child.kill(signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, tell);
  try {
    return await new Promise((resolve, reject) => {
      child.on('error', (error) =>
        reject(new Error(`npx did not start: ${error.message}`, { cause: error })),
      );
      child.on('exit', (exitCode, signal) => {
        const by = told ?? signal;
        resolve(by ? 128 + constants.signals[by] : exitCode);
      });
    });
  } finally {
    for (const signal of signals) process.off(signal, tell);
  }
}
