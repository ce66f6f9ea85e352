import { setMaxListeners } from 'node:events';
import type { Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DrainLimits, drainOf, type ServerDrain } from './drain/server-drain.ts';
import { ShutdownError } from './errors.ts';
import { guardExit } from './exit-guard.ts';
import { type Hook, newHooks } from './hooks.ts';
import { watchLeftovers } from './leftovers.ts';
import type { CrashReport, CutConnections, ShutdownReport } from './report.ts';
import { newTimeLimit } from './time-limit.ts';

/**
 * ```text
 * running ─▶ lame-duck ─▶ draining ─▶ cleaning-up ─▶ finished
 *            (delayMs,    (no more    (hooks:
 *            hooks:       accepted)   drained)
 *            signal)
 * ```
 */
export type ShutdownState = 'running' | 'lame-duck' | 'draining' | 'cleaning-up' | 'finished';

/** The steps from 'running' to 'finished', taken once. Knows servers and hooks; signals, crashes and exit are its callers'. */
export interface Sequence {
  readonly state: ShutdownState;
  /** Why the process ends. */
  readonly reason: string;
  /** Aborts when the process stops accepting. */
  readonly signal: AbortSignal;
  has(server: Server): boolean;
  addServer(server: Server): void;
  addHook(hook: Hook): () => void;
  start(reason: string): Promise<ShutdownReport>;
  /** Something crashed: no lame duck, the drain ends within `limitMs`, and no hook gets more. */
  hurry(crash: CrashReport, limitMs: number): void;
  /** A second signal: nothing is waited for any more, neither connections nor hooks. */
  force(): void;
}

export function newSequence(limits: DrainLimits): Sequence {
  const { timeoutMs, delayMs } = limits;
  const drains = new Set<ServerDrain>();
  const hooks = newHooks();
  const crashes: CrashReport[] = [];
  const draining = new AbortController();
  /** The drain's; aborted with what is then `forcedBy`. */
  const limit = newTimeLimit(() => 'time-limit');
  /** A crashed process does not go on serving. */
  const hurried = newTimeLimit();
  let run: Promise<ShutdownReport> | undefined;
  let state: ShutdownState = 'running';
  let reason = 'exit';
  // One a stream that is open is no leak.
  setMaxListeners(0, draining.signal);

  const steps = async (): Promise<ShutdownReport> => {
    const startedAt = performance.now();
    const sinceStart = (): number => performance.now() - startedAt;
    const countLeftovers = watchLeftovers();
    const releaseExit = guardExit();
    limit.endWithin(timeoutMs);
    state = 'lame-duck';
    for (const drain of drains) drain.announce();
    const isLameDuck = delayMs > 0 || hooks.has('signal');
    const announced = hooks.run('signal', reason);
    if (isLameDuck) {
      // The drain's own limit keeps the process alive meanwhile.
      const delay = sleep(delayMs, undefined, { ref: false });
      await Promise.race([Promise.all([delay, announced]), hurried.over, limit.over]);
    }
    const lameDuckMs = sinceStart();

    state = 'draining';
    const drained = drainAll();
    const unaccepting = Promise.all([...drains].map((drain) => drain.stopAccepting()));
    await Promise.race([unaccepting, limit.over]);
    // After the listeners closed: whoever loses a stream now and comes again is served elsewhere.
    draining.abort(new ShutdownError('ERR_SHUTTING_DOWN', `The process shuts down (${reason})`));
    await Promise.race([drained, limit.over]);
    const cutRequests: string[] = [];
    const cut: CutConnections = { requests: 0, upgraded: 0, http2Sessions: 0, raw: 0 };
    for (const drain of drains) drain.cut(cut, cutRequests);
    const drainMs = sinceStart();

    state = 'cleaning-up';
    limit.clear();
    const reports = [...(await announced), ...(await hooks.run('drained', reason))];

    state = 'finished';
    for (const drain of drains) drain.dispose();
    releaseExit();
    const forcedBy: ShutdownReport['forcedBy'] = limit.signal.reason;
    const isSettled = reports.every(({ outcome }) => outcome === 'done' || outcome === 'failed');
    const leftovers = countLeftovers();
    return {
      reason,
      clean: !forcedBy && reports.every(({ outcome }) => outcome === 'done') && crashes.length === 0,
      forcedBy,
      cut,
      cutRequests,
      hooks: reports,
      crashes,
      leftovers: forcedBy || !isSettled ? leftovers : undefined,
      lameDuckMs,
      drainMs,
      durationMs: sinceStart(),
    };
  };

  const drainAll = async (): Promise<void> => {
    for (const drain of drains) void drain.close();
    // Also visits servers that are added meanwhile.
    for (const drain of drains) await drain.close();
  };

  const refuseLate = (what: string, isLate = false): void => {
    if (hasDrained() || isLate)
      throw new ShutdownError('ERR_TOO_LATE', `${what} was added while the shutdown is ${state}`);
  };
  const hasDrained = (): boolean => state === 'cleaning-up' || state === 'finished';

  return {
    get state() {
      return state;
    },
    get reason() {
      return reason;
    },
    signal: draining.signal,
    has: (server) => [...drains].some((drain) => drain.server === server),
    addServer(server) {
      refuseLate('A server');
      const drain = drainOf(server, limits);
      drains.add(drain);
      if (state !== 'running') drain.announce();
      if (state === 'draining') void drain.close();
    },
    addHook(hook) {
      refuseLate(`The cleanup hook "${hook.name}"`, hook.stage === 'signal' && state !== 'running');
      return hooks.add(hook);
    },
    start(why) {
      if (!run) reason = why;
      return (run ??= steps());
    },
    hurry(crash, limitMs) {
      crashes.push(crash);
      hooks.hurry(limitMs);
      hurried.end();
      if (!hasDrained()) limit.endWithin(limitMs);
    },
    force() {
      if (state === 'finished') return;
      limit.end('signal');
      hooks.force();
    },
  };
}
