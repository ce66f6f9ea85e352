import { setTimeout as pause } from 'node:timers/promises';
import type { Bot } from './bot.ts';

/** Scans at once, and again an interval after each scan ended, until it is told to stop; a scan on its way ends first. */
export async function keepScanning(bot: Bot, intervalMs: number, stopping: AbortSignal): Promise<void> {
  while (!stopping.aborted) {
    await bot.scan(stopping);
    // Rejects only because it was told to stop.
    await pause(intervalMs, undefined, { signal: stopping }).catch(() => {});
  }
}
