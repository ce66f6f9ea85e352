import type { FastifyRequest } from 'fastify';
import type { Directory } from '../directory/directory.ts';
import type { PhotoStorage } from '../photo/storage.ts';
import type { UploadDirectory } from '../photo/upload-directory.ts';
import type { Database, PoolStats } from '../store/database.ts';

/** What the app is given. */
export interface Resources {
  readonly db: Database;
  readonly poolStats: () => PoolStats;
  /** Opened with the first photo: its client takes long to load. */
  readonly photos: () => Promise<PhotoStorage>;
  /** What the keys of photos tell whose they are by. */
  readonly installationId: () => Promise<string>;
  readonly uploads: UploadDirectory;
  /** Opened with the first seat. */
  readonly directory: () => Promise<Directory>;
  /** From the first signal to the end `/ready` and `/_health` answer 503. */
  readonly isDraining: () => boolean;
}

/** What the routes work with. */
export interface Services extends Omit<Resources, 'db'> {
  /** The database as a request has it: with a limit to its patience, and its id in each statement. */
  readonly dbOf: (request: Pick<FastifyRequest, 'id'>) => Database;
}
