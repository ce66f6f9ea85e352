import { describeError } from './describe-error.ts';
import type { CrashOrigin } from './crash.ts';

/** How many connections were destroyed while they were of use to someone, by kind. Idle ones do not count. */
export interface CutConnections {
  /** HTTP/1 connections with a request in flight. */
  requests: number;
  /** WebSockets and other connections taken over by Upgrade or CONNECT. */
  upgraded: number;
  /** HTTP/2 sessions with streams in flight. */
  http2Sessions: number;
  /** Connections of net and tls servers. */
  raw: number;
}

/** What became of one cleanup hook. */
export interface HookReport {
  readonly name: string;
  /** `skipped`: the shutdown was forced before its turn. `abandoned`: it was forced while the hook ran. */
  readonly outcome: 'done' | 'failed' | 'timed-out' | 'abandoned' | 'skipped';
  readonly durationMs: number;
  /** With code `ERR_HOOK_FAILED` or `ERR_HOOK_TIMEOUT`. */
  readonly error?: Error;
}

/** A crash before or during the shutdown. */
export interface CrashReport {
  readonly origin: CrashOrigin;
  /** What was thrown, which need not be an Error. */
  readonly thrown: unknown;
}

/** What a shutdown did, how long it took and what it had to cut. */
export interface ShutdownReport {
  /** A signal's name, `uncaughtException`, `unhandledRejection`, `disposed`, or what was given to `shutdown()`. */
  readonly reason: string;
  /** Everything was answered, every hook was done, nothing crashed. */
  readonly clean: boolean;
  /** Why the drain was ended early, if it was. */
  readonly forcedBy: 'time-limit' | 'signal' | undefined;
  readonly cut: CutConnections;
  /** Up to ten of the HTTP/1 requests that were cut, such as `GET /slow`, without their query. */
  readonly cutRequests: readonly string[];
  readonly hooks: readonly HookReport[];
  readonly crashes: readonly CrashReport[];
  /** From the beginning until no connection was left, `delayMs` included. */
  readonly drainMs: number;
  /** From the beginning until the last hook was done. */
  readonly durationMs: number;
}

export function addCut(into: CutConnections, more: CutConnections): void {
  into.requests += more.requests;
  into.upgraded += more.upgraded;
  into.http2Sessions += more.http2Sessions;
  into.raw += more.raw;
}

export function countCut(cut: CutConnections): number {
  return cut.requests + cut.upgraded + cut.http2Sessions + cut.raw;
}

export function formatReport(report: ShutdownReport): string {
  const lines = [
    `Shutdown (${report.reason}) ${report.clean ? 'was clean' : 'was not clean'}, ${Math.round(report.durationMs)} ms`,
  ];
  if (report.forcedBy)
    lines.push(`  forced by ${report.forcedBy === 'signal' ? 'a second signal' : 'the time limit'}`);
  if (countCut(report.cut) > 0) lines.push(`  connections cut: ${formatCut(report.cut)}`);
  if (report.cutRequests.length > 0) lines.push(`  such as: ${report.cutRequests.join(', ')}`);
  for (const { name, outcome, durationMs, error } of report.hooks) {
    if (outcome === 'done') continue;
    const why = outcome === 'failed' ? `: ${describeError(error?.cause)}` : '';
    lines.push(`  hook "${name}" ${outcome} after ${Math.round(durationMs)} ms${why}`);
  }
  return lines.join('\n');
}

function formatCut(cut: CutConnections): string {
  const words: [keyof CutConnections, string][] = [
    ['requests', 'with a request in flight'],
    ['upgraded', 'upgraded'],
    ['http2Sessions', 'HTTP/2 with streams in flight'],
    ['raw', 'raw'],
  ];
  return words
    .filter(([kind]) => cut[kind] > 0)
    .map(([kind, word]) => `${cut[kind]} ${word}`)
    .join(', ');
}
