import { setMaxListeners } from 'node:events';
import type { Server } from 'node:net';
import { type DrainLimits, ServerDrain } from './drain/server-drain.ts';
import { ShutdownError } from './errors.ts';
import { guardExit } from './exit-guard.ts';
import { type Hook, Hooks } from './hooks.ts';
import { LeftoverWatch } from './leftovers.ts';
import {
  addCut,
  type CrashReport,
  type CutConnections,
  type HookReport,
  type ShutdownReport,
} from './report.ts';

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
  readonly #hooks = { signal: new Hooks(), drained: new Hooks() };
  readonly #crashes: CrashReport[] = [];
  readonly #cutRequests: string[] = [];
  readonly #draining = new AbortController();
  /** Ends the lame duck: a crashed process does not go on serving. */
  readonly #hurried = new AbortController();
  readonly #drainOver = new AbortController();
  readonly #hooksOver = new AbortController();
  #state: ShutdownState = 'running';
  #forcedBy: ShutdownReport['forcedBy'];
  #longestHookMs = Infinity;
  #run: Promise<ShutdownReport> | undefined;
  #deadline: { at: number; timer: NodeJS.Timeout } | undefined;

  constructor(limits: DrainLimits) {
    this.#limits = limits;
    // One a stream that is open is no leak.
    setMaxListeners(0, this.#draining.signal);
  }

  get state(): ShutdownState {
    return this.#state;
  }

  /** Aborts when the process stops accepting. */
  get signal(): AbortSignal {
    return this.#draining.signal;
  }

  has(server: Server): boolean {
    return [...this.#drains].some((drain) => drain.server === server);
  }

  addServer(server: Server): void {
    this.#refuseLate('A server');
    const drain = new ServerDrain(server, this.#limits);
    this.#drains.add(drain);
    if (this.#state !== 'running') drain.announce();
    if (this.#state === 'draining') void drain.close();
  }

  addHook(hook: Hook): () => void {
    const stage = hook.stage === 'signal' ? 'signal' : 'drained';
    this.#refuseLate(`The cleanup hook "${hook.name}"`, stage === 'signal' && this.#state !== 'running');
    return this.#hooks[stage].add(hook);
  }

  start(reason: string): Promise<ShutdownReport> {
    return (this.#run ??= this.#steps(reason));
  }

  /** Something crashed: no lame duck, the drain ends within `limitMs`, and no hook gets more. */
  hurry(crash: CrashReport, limitMs: number): void {
    this.#crashes.push(crash);
    this.#longestHookMs = limitMs;
    this.#hurried.abort();
    if (this.#state !== 'cleaning-up' && this.#state !== 'finished') this.#endBy(limitMs);
  }

  /** A second signal: nothing is waited for any more, neither connections nor hooks. */
  force(): void {
    if (this.#state === 'finished') return;
    this.#forcedBy ??= 'signal';
    this.#drainOver.abort();
    this.#hooksOver.abort(new ShutdownError('ERR_SHUTDOWN_FORCED', 'A second signal forced the shutdown'));
  }

  async #steps(reason: string): Promise<ShutdownReport> {
    const startedAt = performance.now();
    const sinceStart = (): number => performance.now() - startedAt;
    const watch = new LeftoverWatch();
    const releaseExit = guardExit();
    this.#endBy(this.#limits.timeoutMs);
    this.#state = 'lame-duck';
    for (const drain of this.#drains) drain.announce();
    const announced = this.#runHooks('signal', reason);
    if (announced || this.#limits.delayMs > 0) await this.#lameDuck(announced);
    const lameDuckMs = sinceStart();

    this.#state = 'draining';
    const drained = this.#drainAll();
    const unaccepting = Promise.all([...this.#drains].map((drain) => drain.stopAccepting()));
    await Promise.race([unaccepting, aborted(this.#drainOver.signal)]);
    // After the listeners closed: whoever loses a stream now and comes again is served elsewhere.
    this.#draining.abort(new ShutdownError('ERR_SHUTTING_DOWN', `The process shuts down (${reason})`));
    await Promise.race([drained, aborted(this.#drainOver.signal)]);
    const cut = this.#cutRest();
    const drainMs = sinceStart();

    this.#state = 'cleaning-up';
    this.#clearDeadline();
    const hooks = [...((await announced) ?? []), ...((await this.#runHooks('drained', reason)) ?? [])];

    this.#state = 'finished';
    for (const drain of this.#drains) drain.dispose();
    releaseExit();
    const done = hooks.every(({ outcome }) => outcome === 'done');
    const finished = hooks.every(({ outcome }) => outcome === 'done' || outcome === 'failed');
    const leftovers = watch.end();
    return {
      reason,
      clean: !this.#forcedBy && done && this.#crashes.length === 0,
      forcedBy: this.#forcedBy,
      cut,
      cutRequests: this.#cutRequests,
      hooks,
      crashes: this.#crashes,
      leftovers: this.#forcedBy || !finished ? leftovers : undefined,
      lameDuckMs,
      drainMs,
      durationMs: sinceStart(),
    };
  }

  #runHooks(stage: 'signal' | 'drained', reason: string): Promise<HookReport[]> | undefined {
    if (this.#hooks[stage].size === 0) return undefined;
    return this.#hooks[stage].run({
      reason,
      hurried: this.#hurried.signal,
      forced: this.#hooksOver.signal,
      longestMs: () => this.#longestHookMs,
    });
  }

  /** Ends when both the delay and the hooks that take the process out of the way are over, unless something cannot wait. */
  async #lameDuck(announced: Promise<unknown> | undefined): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const delay = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#limits.delayMs);
    });
    const over = Promise.all([delay, announced]);
    await Promise.race([over, aborted(this.#hurried.signal), aborted(this.#drainOver.signal)]);
    clearTimeout(timer);
  }

  async #drainAll(): Promise<void> {
    for (const drain of this.#drains) void drain.close();
    // Also visits servers that are added meanwhile.
    for (const drain of this.#drains) await drain.close();
  }

  #cutRest(): CutConnections {
    const total: CutConnections = { requests: 0, upgraded: 0, http2Sessions: 0, raw: 0 };
    for (const drain of this.#drains) addCut(total, drain.cut(this.#cutRequests));
    return total;
  }

  #endBy(limitMs: number): void {
    const at = performance.now() + limitMs;
    if (this.#deadline && this.#deadline.at <= at) return;
    this.#clearDeadline();
    this.#deadline = { at, timer: setTimeout(() => this.#onDeadline(), limitMs) };
  }

  #clearDeadline(): void {
    clearTimeout(this.#deadline?.timer);
    this.#deadline = undefined;
  }

  #onDeadline(): void {
    this.#forcedBy ??= 'time-limit';
    this.#drainOver.abort();
  }

  #refuseLate(what: string, isLate = false): void {
    if (this.#state === 'cleaning-up' || this.#state === 'finished' || isLate) {
      throw new ShutdownError('ERR_TOO_LATE', `${what} was added while the shutdown is ${this.#state}`);
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
