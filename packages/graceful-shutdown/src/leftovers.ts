import type { Writable } from 'node:stream';

/** What a forced end left open. */
export interface Leftovers {
  /** Kinds of handles and requests that would still keep the process alive, as Node names them, and how many of each. */
  readonly resources: Readonly<Record<string, number>>;
  /** The longest time, in milliseconds, for which the event loop was blocked during the shutdown. */
  readonly blockedMs: number;
}

const TICK_MS = 20;
/** A shorter stall does not explain why the end had to be forced. */
const LONG_BLOCK_MS = 100;

/** Watches the event loop during the shutdown. The returned function counts, in the end, what is still open. */
export function watchLeftovers(): () => Leftovers {
  let tickedAt = performance.now();
  let blockedMs = 0;
  const tick = (): void => {
    const now = performance.now();
    blockedMs = Math.max(blockedMs, now - tickedAt - TICK_MS);
    tickedAt = now;
  };
  const timer = setInterval(tick, TICK_MS).unref();
  // Both streams exist from here on, whether they did before or not: to make them takes time that a forced end does not have.
  const ours = [process.stdout, process.stderr].map(kindOfHandle);
  return () => {
    clearInterval(timer);
    tick();
    return { resources: countOpen(ours), blockedMs };
  };
}

function countOpen(ours: (string | undefined)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) {
    const index = ours.indexOf(kind);
    if (index === -1) counts[kind] = (counts[kind] ?? 0) + 1;
    else ours.splice(index, 1);
  }
  return counts;
}

/** What getActiveResourcesInfo() calls the handle of a stream: 'PipeWrap', 'TTYWrap'; nothing for a file, which has none. */
function kindOfHandle(stream: Writable): string | undefined {
  const { _handle: handle } = stream as Writable & { _handle?: { hasRef?(): boolean } | null };
  return handle?.hasRef?.() ? `${handle.constructor.name}Wrap` : undefined;
}

/** Lines for the log: none if there is nothing to tell. */
export function formatLeftovers({ resources, blockedMs }: Leftovers): string[] {
  const lines: string[] = [];
  const open = Object.entries(resources).map(([kind, count]) => `${count} × ${kind}`);
  if (open.length > 0) lines.push(`still open: ${open.join(', ')}`);
  if (blockedMs >= LONG_BLOCK_MS) lines.push(`the event loop was blocked for ${Math.round(blockedMs)} ms`);
  return lines;
}
