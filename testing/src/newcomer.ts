import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What is committed here, cloned into a folder that does not exist yet. */
export function freshClone(folder: string): void {
  const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  execFileSync('git', ['clone', '--quiet', '--no-local', root, folder]);
  execFileSync('git', ['checkout', '--quiet', commit], { cwd: folder });
}

/** Ours, without what npm, pnpm, turbo and vitest put there for us, and without services that were given to us. */
export function newcomersEnvironment(): NodeJS.ProcessEnv {
  const ours = /^(npm_|pnpm_|turbo_|vitest|node_options|node_env|xdg_|database_url|s3_|silly_face_|ci$)/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
}
