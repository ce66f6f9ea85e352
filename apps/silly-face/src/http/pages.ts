import { z } from 'zod';

/** Which page of a list is asked for; `isLast` knows what a page can have ended with. */
export const pageQuery = (isLast: (last: string) => boolean) =>
  z.object({
    limit: z.coerce.number().int().min(1).max(100).default(50),
    cursor: z
      .string()
      .refine((cursor) => isLast(fromCursor(cursor)), 'Expected a nextCursor of an earlier answer')
      .optional(),
  });

/** What a page ended with, opaque to clients; null after the last page. */
export const NextCursor = z.string().nullable();

export function toCursor(last: string): string {
  return Buffer.from(last).toString('base64url');
}

export function fromCursor(cursor: string): string {
  return Buffer.from(cursor, 'base64url').toString();
}
