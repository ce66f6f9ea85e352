import type { PhotoStorage } from '../photo/storage.ts';
import type { UploadDirectory } from '../photo/upload-directory.ts';
import type { Database } from '../store/database.ts';

/** What the routes work with. */
export interface Services {
  readonly db: Database;
  /** Opened with the first photo: its client takes long to load. */
  readonly photos: () => Promise<PhotoStorage>;
  readonly uploads: UploadDirectory;
  /** From the first signal to the end `/_health` answers 503. */
  readonly isDraining: () => boolean;
}
