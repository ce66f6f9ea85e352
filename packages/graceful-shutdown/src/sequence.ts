import { setMaxListeners } from 'node:events';
import type { Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DrainLimits, ServerDrain } from './drain/server-drain.ts';
import { ShutdownError } from './errors.ts';
import { guardExit } from './exit-guard.ts';
import { type Hook, Hooks } from './hooks.ts';
import { LeftoverWatch } from './leftovers.ts';
import type { CrashReport, CutConnections, ShutdownReport } from './report.ts';
import { TimeLimit } from './time-limit.ts';

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
export class Sequence {
  readonly #limits: DrainLimits;
  readonly #drains = new Set<ServerDrain>();
  readonly #hooks = new Hooks();
  readonly #crashes: CrashReport[] = [];
  readonly #draining = new AbortController();
  /** The drain's; aborted with what is then `forcedBy`. */
  readonly #limit = new TimeLimit(() => 'time-limit');
  /** A crashed process does not go on serving. */
  readonly #hurried = new TimeLimit();
  #run: Promise<ShutdownReport> | undefined;
  state: ShutdownState = 'running';
  /** Why the process ends. */
  reason = 'exit';
  /** Aborts when the process stops accepting. */
  readonly signal: AbortSignal = this.#draining.signal;

  constructor(limits: DrainLimits) {
    this.#limits = limits;
    // One a stream that is open is no leak.
    setMaxListeners(0, this.signal);
  }

  has(server: Server): boolean {
    return [...this.#drains].some((drain) => drain.server === server);
  }

  addServer(server: Server): void {
    this.#refuseLate('A server');
    const drain = new ServerDrain(server, this.#limits);
    this.#drains.add(drain);
    if (this.state !== 'running') drain.announce();
    if (this.state === 'draining') void drain.close();
  }

  addHook(hook: Hook): () => void {
    this.#refuseLate(`The cleanup hook "${hook.name}"`, hook.stage === 'signal' && this.state !== 'running');
    return this.#hooks.add(hook);
  }

  start(reason: string): Promise<ShutdownReport> {
    return (this.#run ??= this.#steps(reason));
  }

  /** Something crashed: no lame duck, the drain ends within `limitMs`, and no hook gets more. */
  hurry(crash: CrashReport, limitMs: number): void {
    this.#crashes.push(crash);
    this.#hooks.hurry(limitMs);
    this.#hurried.end();
    if (this.state !== 'cleaning-up' && this.state !== 'finished') this.#limit.endWithin(limitMs);
  }

  /** A second signal: nothing is waited for any more, neither connections nor hooks. */
  force(): void {
    if (this.state === 'finished') return;
    this.#limit.end('signal');
    this.#hooks.force();
  }

  async #steps(reason: string): Promise<ShutdownReport> {
    const startedAt = performance.now();
    const sinceStart = (): number => performance.now() - startedAt;
    const watch = new LeftoverWatch();
    const releaseExit = guardExit();
    const { timeoutMs, delayMs } = this.#limits;
    this.#limit.endWithin(timeoutMs);
    this.reason = reason;
    this.state = 'lame-duck';
    for (const drain of this.#drains) drain.announce();
    const isLameDuck = delayMs > 0 || this.#hooks.has('signal');
    const announced = this.#hooks.run('signal', reason);
    if (isLameDuck) {
      // The drain's own limit keeps the process alive meanwhile.
      const delay = sleep(delayMs, undefined, { ref: false });
      await Promise.race([Promise.all([delay, announced]), this.#hurried.over, this.#limit.over]);
    }
    const lameDuckMs = sinceStart();

    this.state = 'draining';
    const drained = this.#drainAll();
    const unaccepting = Promise.all([...this.#drains].map((drain) => drain.stopAccepting()));
    await Promise.race([unaccepting, this.#limit.over]);
    // After the listeners closed: whoever loses a stream now and comes again is served elsewhere.
    this.#draining.abort(new ShutdownError('ERR_SHUTTING_DOWN', `The process shuts down (${reason})`));
    await Promise.race([drained, this.#limit.over]);
    const cutRequests: string[] = [];
    const cut: CutConnections = { requests: 0, upgraded: 0, http2Sessions: 0, raw: 0 };
    for (const drain of this.#drains) drain.cut(cut, cutRequests);
    const drainMs = sinceStart();

    this.state = 'cleaning-up';
    this.#limit.clear();
    const hooks = [...(await announced), ...(await this.#hooks.run('drained', reason))];

    this.state = 'finished';
    for (const drain of this.#drains) drain.dispose();
    releaseExit();
    const forcedBy: ShutdownReport['forcedBy'] = this.#limit.signal.reason;
    const isSettled = hooks.every(({ outcome }) => outcome === 'done' || outcome === 'failed');
    const leftovers = watch.end();
    return {
      reason,
      clean: !forcedBy && hooks.every(({ outcome }) => outcome === 'done') && this.#crashes.length === 0,
      forcedBy,
      cut,
      cutRequests,
      hooks,
      crashes: this.#crashes,
      leftovers: forcedBy || !isSettled ? leftovers : undefined,
      lameDuckMs,
      drainMs,
      durationMs: sinceStart(),
    };
  }

  async #drainAll(): Promise<void> {
    for (const drain of this.#drains) void drain.close();
    // Also visits servers that are added meanwhile.
    for (const drain of this.#drains) await drain.close();
  }

  #refuseLate(what: string, isLate = false): void {
    if (this.state === 'cleaning-up' || this.state === 'finished' || isLate) {
      throw new ShutdownError('ERR_TOO_LATE', `${what} was added while the shutdown is ${this.state}`);
    }
  }
}
