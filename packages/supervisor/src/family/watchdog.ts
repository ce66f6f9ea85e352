import { spawn, type ChildProcess } from 'node:child_process';
import { nowMs } from '../clock.ts';
import { warn } from '../warning.ts';
import { hasProcessGroups } from './signal.ts';
import { watchdogScript } from './watchdog-script.ts';

/** What the watchdog has to know about a child. */
export interface Member {
  /** The process group of the child, by the id of its leader. */
  readonly group: number;
  readonly deathSignal: NodeJS.Signals;
  /** The child's part of the cookie. */
  readonly run: string;
  /** When the leader began, as `readStat` tells it; empty where nobody knows. */
  readonly start: string;
}

/**
 * A small `sh` beside the supervisor that outlives it by a moment: it reads a pipe whose other end only the supervisor holds,
 * and when that ends, by kill -9 too, it ends the family. It leads its own session, so that no Ctrl-C reaches it.
 */
export class Watchdog {
  readonly #cookie: string;
  readonly #members = new Map<number, Member>();
  #process: ChildProcess | undefined;
  #startedAt = 0;
  #closed = false;

  constructor(cookie: string) {
    this.#cookie = cookie;
  }

  /** The watchdog runs when this resolves. */
  async start(): Promise<void> {
    if (!hasProcessGroups) return;
    const members = [...this.#members.values()].map(describe).join(' ');
    const watchdog = spawn('/bin/sh', ['-c', watchdogScript, 'supervisor-watchdog', this.#cookie, members], {
      cwd: '/',
      detached: true,
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#startedAt = nowMs();
    this.#process = watchdog;
    watchdog.unref();
    (watchdog.stdin as unknown as { unref(): void }).unref();
    // A dead watchdog is noticed by its exit, and the next one is told of everybody anew.
    watchdog.stdin.on('error', () => {});
    watchdog.once('exit', () => this.#restart());
    await new Promise<void>((resolve) => {
      watchdog.once('spawn', resolve);
      watchdog.once('error', (error) => {
        warn(
          'SUPERVISOR_NO_WATCHDOG',
          `No watchdog: children may outlive a killed supervisor (${error.message})`,
        );
        resolve();
      });
    });
  }

  add(member: Member): void {
    this.#members.set(member.group, member);
    this.#tell(`+ ${describe(member)}`);
  }

  remove(group: number): void {
    this.#members.delete(group);
    this.#tell(`- ${group}`);
  }

  /** Sends the watchdog away; the family has ended already. */
  async close(): Promise<void> {
    this.#closed = true;
    const watchdog = this.#process;
    if (!watchdog?.stdin || watchdog.pid === undefined) return;
    if (watchdog.exitCode !== null || watchdog.signalCode !== null) return;
    const exited = new Promise((resolve) => watchdog.once('exit', resolve));
    watchdog.ref();
    watchdog.stdin.end('bye\n');
    await exited;
  }

  #tell(text: string): void {
    // It is written at once, before anything else happens here: the pipe is empty, as the watchdog has nothing else to do.
    if (this.#process?.stdin?.writable) this.#process.stdin.write(`${text}\n`);
  }

  #restart(): void {
    if (this.#closed) return;
    // Somebody ended it. A machine that kills it at once must not be kept busy with the next ones.
    const pauseMs = nowMs() - this.#startedAt < LONG_LIFE_MS ? 100 : 0;
    setTimeout(() => {
      if (!this.#closed) void this.start();
    }, pauseMs).unref();
  }
}

const LONG_LIFE_MS = 1_000;

function describe({ group, deathSignal, run, start }: Member): string {
  return `${group}:${deathSignal.slice(3)}:${run}:${start}`;
}
