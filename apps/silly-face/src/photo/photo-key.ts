import { randomUUID } from 'node:crypto';

/** All photos are below this prefix, and nothing else is. */
export const PHOTO_PREFIX = 'photos/';

/** A key that no other submission has, also not one for the same turn. */
export function newPhotoKey(roundId: string, turn: number): string {
  return `${PHOTO_PREFIX}${roundId}/${turn}-${randomUUID()}.jpg`;
}
