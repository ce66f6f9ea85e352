import { randomUUID } from 'node:crypto';

/**
 * The photos of an installation are below this prefix, and nobody else's are: a bucket may be that of several databases, and a
 * photo without a row in one of them may have its row in another. The first photos lie in `photos/<round>/`; they have rows, too.
 */
export function photoPrefix(installationId: string): string {
  return `photos/${installationId}/`;
}

/** A key that no other submission has, also not one for the same turn. */
export function newPhotoKey(installationId: string, roundId: string, turn: number): string {
  return `${photoPrefix(installationId)}${roundId}/${turn}-${randomUUID()}.jpg`;
}
