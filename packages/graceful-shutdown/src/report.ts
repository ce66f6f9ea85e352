import { describeError } from './describe-error.ts';
import type { CrashOrigin } from './crash.ts';
import type { HookStage } from './hooks.ts';
import { formatLeftovers, type Leftovers } from './leftovers.ts';

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
  /** `signal` or `drained`: hooks of the stage `exit` run after the report, and the log tells when one fails. */
  readonly stage: HookStage;
  /** `skipped`: the shutdown was forced before its turn. `abandoned`: it was forced while the hook ran. */
  readonly outcome: 'done' | 'failed' | 'timed-out' | 'abandoned' | 'skipped';
  readonly durationMs: number;
  /** With code `ERR_HOOK_FAILED`, `ERR_HOOK_TIMEOUT` or `ERR_HOOK_EXITED`. */
  readonly error?: Error;
}

/** A crash before or during the shutdown. */
export interface CrashReport {
  readonly origin: CrashOrigin;
  /** What was thrown, which need not be an Error. */
  readonly thrown: unknown;
  /** The name of the cleanup hook that it came from, where Node can tell. */
  readonly hook?: string;
}

/** What a shutdown did, how long it took and what it had to cut. */
export interface ShutdownReport {
  /**
   * A signal's name, `uncaughtException`, `unhandledRejection`, `beforeExit`, `disposed`, `parent message …`,
   * `parent disconnected`, or what was given to `shutdown()`.
   */
  readonly reason: string;
  /** Everything was answered, every hook was done, nothing crashed. */
  readonly clean: boolean;
  /** Why the drain or the hooks were ended early, if they were. */
  readonly forcedBy: 'time-limit' | 'signal' | undefined;
  readonly cut: CutConnections;
  /** Up to ten of the HTTP/1 requests that were cut, such as `GET /slow`, without their query. */
  readonly cutRequests: readonly string[];
  readonly hooks: readonly HookReport[];
  readonly crashes: readonly CrashReport[];
  /** What was still open in the end, if the end was forced or a hook did not finish. */
  readonly leftovers: Leftovers | undefined;
  /** How long the servers went on accepting: `delayMs` or the hooks of the stage `signal`, whatever took longer. */
  readonly lameDuckMs: number;
  /** From the beginning until no connection was left, `lameDuckMs` included. */
  readonly drainMs: number;
  /** From the beginning until the last hook was done. */
  readonly durationMs: number;
}

const CUT_WORDS: Readonly<Record<keyof CutConnections, string>> = {
  requests: 'with a request in flight',
  upgraded: 'upgraded',
  http2Sessions: 'HTTP/2 with streams in flight',
  raw: 'raw',
};
/** Empty if nothing was cut. */
export function formatCut(cut: CutConnections): string {
  return Object.entries(cut)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${count} ${CUT_WORDS[kind as keyof CutConnections]}`)
    .join(', ');
}

/** What took less is not worth a word in the log. */
const NOTICEABLE_MS = 10;

export function formatReport(report: ShutdownReport): string {
  const lines = [
    `Shutdown (${report.reason}) was ${report.clean ? '' : 'not '}clean, ${formatTimes(report)}`,
  ];
  if (report.forcedBy)
    lines.push(`  forced by ${report.forcedBy === 'signal' ? 'a second signal' : 'the time limit'}`);
  const cut = formatCut(report.cut);
  if (cut) lines.push(`  connections cut: ${cut}`);
  if (report.cutRequests.length > 0) lines.push(`  such as: ${report.cutRequests.join(', ')}`);
  for (const hook of report.hooks) lines.push(...formatHook(hook));
  for (const crash of report.crashes)
    lines.push(`  ${formatOrigin(crash)}: ${describeError(crash.thrown).split('\n', 1)[0]}`);
  if (report.leftovers) lines.push(...formatLeftovers(report.leftovers).map((line) => `  ${line}`));
  return lines.join('\n');
}

export function formatOrigin({ origin, hook }: CrashReport): string {
  return hook === undefined ? origin : `${origin} in hook "${hook}"`;
}

function formatTimes({ durationMs, lameDuckMs, drainMs }: ShutdownReport): string {
  const parts = Object.entries({
    'lame duck': lameDuckMs,
    drain: drainMs - lameDuckMs,
    hooks: durationMs - drainMs,
  })
    .filter(([, ms]) => ms >= NOTICEABLE_MS)
    .map(([name, ms]) => `${name} ${Math.round(ms)} ms`);
  return `${Math.round(durationMs)} ms${parts.length > 0 ? ` (${parts.join(', ')})` : ''}`;
}

function formatHook({ name, outcome, durationMs, error }: HookReport): string[] {
  if (outcome === 'done' && durationMs < NOTICEABLE_MS) return [];
  const why = outcome === 'failed' ? `: ${describeError(error?.cause ?? error)}` : '';
  return [`  hook "${name}" ${outcome} after ${Math.round(durationMs)} ms${why}`];
}
