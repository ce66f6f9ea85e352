import { createHash, randomBytes } from 'node:crypto';

/** Given out once; only its digest is stored. */
export function newSeatToken(): string {
  return randomBytes(32).toString('base64url');
}

export function seatDigest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
