import { once } from 'node:events';
import { lstatSync, unlinkSync } from 'node:fs';
import { chmod, link, lstat, mkdtemp, readdir, rename, rmdir, unlink } from 'node:fs/promises';
import type { Server } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { SupervisorError } from '../errors.ts';
import type { SupervisorStatus } from '../observation/supervisor-status.ts';
import { ask } from './client.ts';

/** The file of a control socket. */
export interface ControlSocketFile {
  /** Removes it, unless somebody else has put another one there. */
  remove(): void;
}

/**
 * Listens at `path`, for the owner alone. The socket is made in a folder that only we may enter, and linked to its place when
 * its mode is right: nobody can open it before, and of two supervisors that start together one gets the place. What a dead
 * supervisor has left there is replaced. Throws `CONTROL_SOCKET_TAKEN` or `BIND_FAILED`.
 */
export async function listenAtControlSocket(server: Server, path: string): Promise<ControlSocketFile> {
  const folder = dirname(resolve(path));
  refuseLongPath(path, join(folder, '.sXXXXXX', 's'));
  const workshop = await mkdtemp(join(folder, '.s')).catch((cause: Error) => {
    throw failed(path, cause);
  });
  try {
    const made = join(workshop, 's');
    server.listen({ path: made, exclusive: true });
    await once(server, 'listening');
    await chmod(made, 0o600);
    const { ino } = await lstat(made);
    await takePlace(made, path, workshop);
    const remove = (): void => {
      process.off('exit', remove);
      if (lstatSync(path, { throwIfNoEntry: false })?.ino === ino) unlinkSync(path);
    };
    // Of a process that ends without stopping, its socket should be gone as well.
    process.on('exit', remove);
    return { remove };
  } catch (error) {
    server.close();
    throw error instanceof SupervisorError ? error : failed(path, error as Error);
  } finally {
    await removeFolder(workshop);
  }
}

/** With the files in it; a server that closes removes its own. What the recursive `rm` loads would stay for as long as we run. */
async function removeFolder(folder: string): Promise<void> {
  for (const name of await readdir(folder)) await unlink(join(folder, name)).catch(ignoreMissing);
  await rmdir(folder);
}

/** A link, unlike a rename, does not push anybody out. */
async function takePlace(made: string, path: string, workshop: string): Promise<void> {
  for (;;) {
    try {
      return await link(made, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    await clearPlace(path, workshop);
  }
}

/** Takes a socket away that nobody listens at. Throws `CONTROL_SOCKET_TAKEN` when somebody does. */
async function clearPlace(path: string, workshop: string): Promise<void> {
  const found = await lstat(path).catch(ignoreMissing);
  if (!found) return;
  if (!found.isSocket()) throw failed(path, new Error('there is a file that is no socket'));
  await refuseLiving(path);
  const taken = join(workshop, 'taken');
  await rename(path, taken).catch(ignoreMissing);
  const moved = await lstat(taken).catch(ignoreMissing);
  // Somebody was quicker, and this is theirs: it goes back, and is asked in the next round.
  if (moved && moved.ino !== found.ino) await link(taken, path);
  if (moved) await unlink(taken);
}

async function refuseLiving(path: string): Promise<void> {
  let who = 'a process that does not say who it is';
  try {
    const { supervisor } = await ask(path, { command: 'status' }, { timeoutMs: PROBE_LIMIT_MS });
    who = `the supervisor ${(supervisor as SupervisorStatus).pid}`;
  } catch (error) {
    if (error instanceof SupervisorError && error.code === 'NO_SUPERVISOR') return;
  }
  throw new SupervisorError('CONTROL_SOCKET_TAKEN', `The control socket ${path} belongs to ${who}`);
}

const PROBE_LIMIT_MS = 2_000;

/** The system would say EINVAL, or cut the path. `made` is where the socket is before it gets to its place. */
function refuseLongPath(path: string, made: string): void {
  const tooLong = [path, made].find((one) => Buffer.byteLength(one) > MAX_PATH_BYTES);
  if (tooLong === undefined) return;
  const why =
    tooLong === path
      ? `its path has ${Buffer.byteLength(path)} bytes`
      : `the path of its folder leaves too little for a file`;
  throw failed(path, new Error(`${why}, and that of a unix socket at most ${MAX_PATH_BYTES}`));
}

const MAX_PATH_BYTES = process.platform === 'linux' ? 107 : 103;

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

function failed(path: string, cause: Error): SupervisorError {
  return new SupervisorError('BIND_FAILED', `Cannot listen at the control socket ${path}: ${cause.message}`, {
    cause,
  });
}
