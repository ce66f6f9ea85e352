import { fileURLToPath } from 'node:url';

/** A built file of the backend. */
export function backendFile(path: string): string {
  return fileURLToPath(import.meta.resolve(`@silly-face/backend/dist/${path}`));
}
