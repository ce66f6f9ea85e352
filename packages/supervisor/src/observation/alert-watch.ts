import type { EventEmitter } from 'node:events';
import { exitMessage } from '../child/child-errors.ts';
import type { OwnStatus } from '../child/status.ts';
import { withoutLastWords, type SupervisorError } from '../errors.ts';
import type { AlertKind, ExitEvent, StateEvent, SupervisorEvents } from '../events.ts';
import { Alerts } from './alerts.ts';

/** Finds what is worth an alert in what the children go through. */
export class AlertWatch {
  readonly #alerts: Alerts;
  readonly #find: (child: string) => OwnStatus | undefined;
  readonly #spellMs: number;
  readonly #children = new Map<string, Watched>();

  constructor(
    events: EventEmitter<SupervisorEvents>,
    find: (child: string) => OwnStatus | undefined,
    intervalMs: number,
  ) {
    this.#alerts = new Alerts(events, intervalMs);
    this.#find = find;
    this.#spellMs = Math.min(intervalMs, HEALTHY_SPELL_MS);
    events.on('exit', (exit) => this.#ended(exit));
    events.on('state', (state) => this.#look(state));
    events.on('failed', ({ child, error }) => this.#raise('failed', child, error.message, this.#find(child)));
    events.on('reload', ({ error }) => {
      if (error && error.code !== 'STOPPED') this.#reloadFailed(error);
    });
  }

  /** The children have ended: what is still kept back goes out, and nobody recovers any more. */
  close(): void {
    for (const { spell } of this.#children.values()) clearTimeout(spell);
    this.#children.clear();
    this.#alerts.close();
  }

  /** With held sockets the next start is told before the end of the last process, whose last words belong to the alert. */
  #ended(exit: ExitEvent): void {
    if (exit.spare) return;
    const watched = this.#watched(exit.child);
    watched.exit = exit;
    if (watched.pid !== exit.pid && watched.crashed !== exit.pid) return;
    if (watched.pid === exit.pid) watched.pid = undefined;
    if (watched.crashed !== exit.pid) return;
    watched.crashed = undefined;
    this.#raise('crash', exit.child, exitMessage(exit.child, exit), this.#find(exit.child));
  }

  #look({ child, pid, to, reason }: StateEvent): void {
    const status = this.#find(child);
    const watched = this.#watched(child);
    if (to === 'stopping') watched.whyStopping = reason;
    if (status) this.#compare(status, watched);
    clearTimeout(watched.spell);
    // A start that comes to no process at all has no exit to tell of.
    if (to === 'starting') watched.exit = undefined;
    if (to === 'ready') watched.pid = pid;
    // Somebody wanted that: whatever it was, it is over.
    if (to === 'stopped') watched.isTroubled = false;
    if (to === 'ready' && watched.isTroubled) {
      watched.spell = setTimeout(() => this.#recovered(child), this.#spellMs).unref();
    }
  }

  /** A restart that was counted since the last look tells what was wrong. */
  #compare(status: OwnStatus, watched: Watched): void {
    const { name, restartsByReason } = status;
    for (const [reason, kind] of Object.entries(kindOfRestart) as [keyof typeof kindOfRestart, AlertKind][]) {
      const seen = watched.restarts?.[reason] ?? 0;
      if (restartsByReason[reason] <= seen) continue;
      if (kind === 'crash' && watched.pid !== undefined) {
        watched.crashed = watched.pid;
        watched.pid = undefined;
        continue;
      }
      const { lastError } = status;
      const isNew = lastError !== undefined && lastError !== watched.lastError;
      const exit = watched.exit && exitMessage(name, watched.exit);
      const ended = (isNew ? lastError.message : exit) ?? 'it ended';
      this.#raise(kind, name, kind === 'crash' ? ended : (watched.whyStopping ?? ended), status);
    }
    watched.restarts = { ...restartsByReason };
    watched.lastError = status.lastError;
  }

  #raise(kind: AlertKind, child: string, reason: string, status: OwnStatus | undefined): void {
    const watched = this.#watched(child);
    watched.isTroubled = true;
    const { exit } = watched;
    this.#alerts.raise({
      kind,
      child,
      pid: exit?.pid,
      exitCode: exit?.code,
      signal: exit?.signal,
      reason: withoutLastWords(reason),
      lastLines: exit?.lastLines ?? status?.lastError?.lastLines ?? [],
      restarts: status?.restarts ?? 0,
    });
  }

  #reloadFailed({ child, exitCode, signal, lastLines, message }: SupervisorError): void {
    this.#alerts.raise({
      kind: 'reload-failed',
      child,
      pid: undefined,
      exitCode,
      signal,
      reason: withoutLastWords(message),
      lastLines,
      restarts: (child === undefined ? undefined : this.#find(child))?.restarts ?? 0,
    });
  }

  #recovered(child: string): void {
    const status = this.#find(child);
    this.#watched(child).isTroubled = false;
    this.#alerts.raise({
      kind: 'recovered',
      child,
      pid: status?.pid,
      exitCode: undefined,
      signal: undefined,
      reason: `ready for ${this.#spellMs} ms`,
      lastLines: [],
      restarts: status?.restarts ?? 0,
    });
  }

  #watched(child: string): Watched {
    let watched = this.#children.get(child);
    if (!watched) {
      for (const name of this.#children.keys()) if (!this.#find(name)) this.#children.delete(name);
      watched = { isTroubled: false };
      this.#children.set(child, watched);
    }
    return watched;
  }
}

interface Watched {
  /** Somebody was told of a trouble, and not yet of its end. */
  isTroubled: boolean;
  exit?: ExitEvent | undefined;
  whyStopping?: string;
  restarts?: OwnStatus['restartsByReason'];
  lastError?: SupervisorError | undefined;
  /** The process that got ready last, until it has ended. */
  pid?: number | undefined;
  /** One that crashed, and whose end has not been told yet. */
  crashed?: number | undefined;
  spell?: NodeJS.Timeout;
}

const kindOfRestart = {
  exit: 'crash',
  unhealthy: 'unhealthy',
  blocked: 'blocked',
  memory: 'memory',
} as const;

const HEALTHY_SPELL_MS = 10_000;
