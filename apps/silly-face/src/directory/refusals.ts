import { DirectoryError, type Hold } from './directory.ts';

export function fenceLost(operation: string, { room, fence, owner }: Hold): DirectoryError {
  return new DirectoryError(
    'fence-lost',
    `${operation} room ${room}: ${owner.id} does not have it with the fence ${fence} any more`,
  );
}

export function processExpired(operation: string, id: string): DirectoryError {
  return new DirectoryError(
    'process-expired',
    `${operation}: the process ${id} has no lease, or is draining`,
  );
}

export function noProcess(room: string, to: string | undefined): DirectoryError {
  const wanted = to === undefined ? 'no process' : `the process ${to} is not among those that`;
  return new DirectoryError('no-process', `Locate room ${room}: ${wanted} takes rooms`);
}

export function noRoom(room: string): DirectoryError {
  return new DirectoryError('no-room', `Locate room ${room}: there was none`);
}

export function unavailable(operation: string, cause: unknown): DirectoryError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `${operation}: the directory is unavailable: ${reason}`;
  return new DirectoryError('directory-unavailable', message, cause instanceof Error ? { cause } : {});
}
