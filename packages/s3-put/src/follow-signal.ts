/**
 * Calls back when the signal aborts; returns what ends that. All puts of a signal share one listener: Node warns of a leak
 * from the eleventh on, and a process-wide shutdown signal easily has more puts than that.
 */
export function followSignal(signal: AbortSignal, onAbort: () => void): () => void {
  const followers = followersOf(signal);
  followers.add(onAbort);
  return () => {
    followers.delete(onAbort);
    if (followers.size === 0) unfollow(signal);
  };
}

interface Followers {
  callbacks: Set<() => void>;
  listener: () => void;
}

const followed = new WeakMap<AbortSignal, Followers>();

function followersOf(signal: AbortSignal): Set<() => void> {
  const known = followed.get(signal);
  if (known !== undefined) return known.callbacks;
  const callbacks = new Set<() => void>();
  const listener = (): void => {
    for (const callback of callbacks) callback();
  };
  signal.addEventListener('abort', listener);
  followed.set(signal, { callbacks, listener });
  return callbacks;
}

function unfollow(signal: AbortSignal): void {
  const known = followed.get(signal);
  if (known === undefined || known.callbacks.size > 0) return;
  signal.removeEventListener('abort', known.listener);
  followed.delete(signal);
}
