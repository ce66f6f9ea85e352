// The one way to release. `npm run release` versions what the changesets name, writes the changelogs, commits, builds, tests,
// publishes to npm and tags. `npm run release -- --dry-run` does all of it but the tests, the publishing and the tags, on a
// copy of the last commit in a temporary folder, and prints what would be published.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dryRun = process.argv.includes('--dry-run');
// Nothing that is not committed is released, and nothing is left over: the changelogs of a first release are new files.
const isClean = 'test -z "$(git status --porcelain)"';
const versionCommands = [
  'changeset version',
  'pnpm install --lockfile-only --prefer-offline --reporter=silent',
];
const commitCommands = ['git add --all', 'git commit --quiet --message "Version packages"', isClean];
// Whose commit it is in a dry run: the machine may not know a name for git.
const nobody = {
  GIT_AUTHOR_NAME: 'dry run',
  GIT_AUTHOR_EMAIL: 'dry@run',
  GIT_COMMITTER_NAME: 'dry run',
  GIT_COMMITTER_EMAIL: 'dry@run',
};

if (dryRun) {
  const copy = mkdtempSync(join(tmpdir(), 'silly-face-release-'));
  try {
    execFileSync('git', ['clone', '--quiet', root, copy]);
    // Whatever is checked out here, changesets looks for the branch.
    execFileSync('git', ['checkout', '--quiet', '-B', 'main'], { cwd: copy });
    inPnpm(
      copy,
      // What is published and what that needs, none of the apps.
      '--filter . --filter "{packages/*}..." --prefer-offline --reporter=silent',
      'changeset status --verbose',
      ...versionCommands,
      'turbo run build --filter="./packages/*" --output-logs=errors-only',
      ...commitCommands,
      'pnpm --recursive --filter "./packages/*" publish --dry-run --no-git-checks --access public',
    );
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
} else {
  inPnpm(root, '', isClean, ...versionCommands, 'npm test', ...commitCommands, 'changeset publish');
}

function inPnpm(cwd, install, ...commands) {
  console.log(`release: ${commands.join(' && ')}`);
  const args = [
    'scripts/with-pnpm.mjs',
    `--install=${install}`,
    ...commands.map((command) => `--run=${command}`),
  ];
  const env = dryRun ? { ...process.env, ...nobody } : process.env;
  const { status, error } = spawnSync(process.execPath, args, { cwd, env, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exitCode = status ?? 1;
}
