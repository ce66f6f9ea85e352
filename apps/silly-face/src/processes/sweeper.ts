import type { Resources } from '../http/services.ts';
import { sweepExpired, sweepPhotos } from '../store/sweep.ts';

interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

type Swept = Pick<Resources, 'db' | 'photos' | 'uploads'> & { readonly log: Log };

/**
 * Sweeps what was left behind, soon after the start, which may have followed a crash, and then every hour. Processes that run
 * side by side leave it to the one that is at it.
 */
export function startSweeper(
  swept: Swept,
  { firstMs = 60_000, everyMs = 3_600_000 }: { firstMs?: number; everyMs?: number } = {},
): { stop: () => Promise<void> } {
  let running = Promise.resolve();
  let timer = setTimeout(sweep, firstMs).unref();
  function sweep(): void {
    timer = setTimeout(sweep, everyMs).unref();
    running = running.then(() => sweepOnce(swept));
  }
  return {
    stop: () => {
      clearTimeout(timer);
      return running;
    },
  };
}

/** A sweep that fails is told, and the next one tries again. */
async function sweepOnce({ db, photos, uploads, log }: Swept): Promise<void> {
  try {
    const expired = await sweepExpired(db);
    const removed = await sweepPhotos(db, await photos());
    const leftBehind = await uploads.sweep(Date.now());
    log.info({ ...expired, photos: removed, uploads: leftBehind }, 'swept');
  } catch (error) {
    log.warn({ err: error }, 'the sweep failed');
  }
}
