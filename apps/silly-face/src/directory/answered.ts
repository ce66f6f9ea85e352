import { DirectoryError } from './directory.ts';
import { unavailable } from './refusals.ts';

/**
 * The answer, or `directory-unavailable` when there is none within the limit, whatever the store's client still waits for. What
 * was asked may take effect later: what a fence refuses by then changes nothing, and the rest may be asked twice.
 */
export async function answered<Answer>(
  operation: string,
  answerMs: number,
  answer: Promise<Answer>,
  isUnavailable: (error: unknown) => boolean,
): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(unavailable(operation, `no answer within ${answerMs} ms`)), answerMs);
  });
  try {
    // The race also hears, and forgets, what comes after it is over.
    return await Promise.race([answer, expiry]);
  } catch (error) {
    if (error instanceof DirectoryError || !isUnavailable(error)) throw error;
    throw unavailable(operation, error);
  } finally {
    clearTimeout(timer);
  }
}
