import { once } from 'node:events';

/** Resolves when the signal is aborted, at once when it is already. `until`: nobody waits for it any more, and this rejects. */
export async function aborted(signal: AbortSignal, until?: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort', { signal: until });
}
