import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { ClientGone } from '../body/incoming.ts';

/**
 * Waits for so long, or for ever where no time is given. Ends early, and the connection with it, when the client leaves
 * or the server closes.
 */
export async function pause(
  delayMs: number | undefined,
  response: ServerResponse,
  closing: AbortSignal,
): Promise<void> {
  const gone = new AbortController();
  const onClose = (): void => gone.abort();
  response.once('close', onClose);
  closing.addEventListener('abort', onClose);
  if (closing.aborted || response.destroyed) onClose();
  try {
    // Unlike a listener, it also sees a signal that has been aborted before.
    await delay(delayMs ?? LONGEST_DELAY_MS, undefined, { signal: gone.signal });
  } catch (cause) {
    throw new ClientGone('The connection was closed while a fault delayed it', { cause });
  } finally {
    response.off('close', onClose);
    closing.removeEventListener('abort', onClose);
  }
}

/** 24 days: there is no longer one. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;
