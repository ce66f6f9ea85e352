import type { Resources } from '../http/services.ts';
import {
  type Sweep,
  sweepIdempotencyKeys,
  sweepPhotos,
  sweepSessions,
  type SweptPhotos,
} from '../store/sweep.ts';

interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

type Swept = Pick<Resources, 'db' | 'uploads'> & {
  readonly photos: () => Promise<SweptPhotos>;
  readonly log: Log;
};

/**
 * Sweeps what was left behind, soon after the start, which may have followed a crash, and then every hour. Processes that run
 * side by side leave it to the one that is at it. A sweep that is stopped ends at once; the next one goes on where it was.
 */
export function startSweeper(
  swept: Swept,
  { firstMs = 60_000, everyMs = 3_600_000 }: { firstMs?: number; everyMs?: number } = {},
): { stop: () => Promise<void> } {
  const stopping = new AbortController();
  let running = Promise.resolve();
  let timer = setTimeout(sweep, firstMs).unref();
  function sweep(): void {
    timer = setTimeout(sweep, everyMs).unref();
    running = running.then(() => sweepOnce(swept, stopping.signal));
  }
  return {
    stop: () => {
      clearTimeout(timer);
      stopping.abort();
      return running;
    },
  };
}

/** A part that fails is told, and keeps no other from its turn; the next sweep tries it again. */
async function sweepOnce({ db, photos, uploads, log }: Swept, signal: AbortSignal): Promise<void> {
  const parts: Record<string, () => Sweep> = {
    sessions: () => sweepSessions(db, signal),
    idempotencyKeys: () => sweepIdempotencyKeys(db, signal),
    photos: async () => sweepPhotos(db, await photos(), signal),
    uploads: () => uploads.sweep(Date.now()),
  };
  const removed: Record<string, number | undefined> = {};
  for (const [part, sweep] of Object.entries(parts)) {
    if (signal.aborted) return;
    try {
      removed[part] = await sweep();
    } catch (error) {
      if (signal.aborted) return; // What was broken off is no failure.
      log.warn({ err: error, part }, 'the sweep failed');
    }
  }
  log.info(removed, 'swept');
}
