import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from './durable.ts';

/** The folders of the servers that run in this very process. */
const ownTokens = new Set<string>();

/**
 * Where files are written before they get their real name. Each server has its own folder, `<pid>-<token>`, so that a
 * second one over the same directory, as during a handover, does not sweep away what the first is still writing.
 */
export class TemporaryFolder {
  readonly #path: string;
  readonly #token: string;
  #count = 0;

  private constructor(path: string, token: string) {
    this.#path = path;
    this.#token = token;
  }

  static async open(root: string): Promise<TemporaryFolder> {
    await makeDirectory(root);
    const token = randomBytes(8).toString('hex');
    ownTokens.add(token);
    await sweep(root);
    const path = join(root, `${process.pid}-${token}`);
    await mkdir(path);
    return new TemporaryFolder(path, token);
  }

  next(): string {
    this.#count += 1;
    return join(this.#path, String(this.#count));
  }

  async close(): Promise<void> {
    ownTokens.delete(this.#token);
    await rm(this.#path, { recursive: true, force: true });
  }
}

/** Removes what servers that no longer run have left behind. */
async function sweep(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const [pid, token = ''] = name.split('-');
    const inUse = Number(pid) === process.pid ? ownTokens.has(token) : isRunning(Number(pid));
    if (!inUse) await rm(join(root, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
