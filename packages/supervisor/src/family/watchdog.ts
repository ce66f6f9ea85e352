import { spawn, type ChildProcess } from 'node:child_process';
import { hasProcessGroups } from './process-group.ts';
import { watchdogScript } from './watchdog-script.ts';

/** What the watchdog has to know about a child. */
export interface Member {
  readonly group: number;
  readonly deathSignal: NodeJS.Signals;
  readonly cookie: string;
}

/**
 * A small `sh` beside the supervisor that outlives it by a moment: it reads a pipe whose other end only the supervisor holds,
 * and when that ends, by kill -9 too, it ends the family. It leads its own session, so that no Ctrl-C reaches it.
 */
export class Watchdog {
  readonly #cookie: string;
  readonly #members = new Map<number, Member>();
  #process: ChildProcess | undefined;
  #closed = false;

  constructor(cookie: string) {
    this.#cookie = cookie;
  }

  /** The watchdog runs when this resolves. */
  async start(): Promise<void> {
    if (!hasProcessGroups) return;
    const watchdog = spawn(
      '/bin/sh',
      ['-c', watchdogScript, 'supervisor-watchdog', this.#cookie, this.#family()],
      {
        cwd: '/',
        detached: true,
        env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
        stdio: ['pipe', 'ignore', 'ignore'],
      },
    );
    this.#process = watchdog;
    watchdog.unref();
    (watchdog.stdin as unknown as { unref(): void }).unref();
    // A dead watchdog is noticed by its exit; a line that came too late for it is repeated to the next one.
    watchdog.stdin.on('error', () => {});
    watchdog.once('exit', () => this.#restart());
    await new Promise<void>((resolve) => {
      watchdog.once('spawn', resolve);
      watchdog.once('error', (error) => {
        process.emitWarning(
          `No watchdog: children may outlive a killed supervisor (${error.message})`,
          'SupervisorWarning',
        );
        resolve();
      });
    });
    this.#tell();
  }

  add(member: Member): void {
    this.#members.set(member.group, member);
    this.#tell();
  }

  remove(group: number): void {
    this.#members.delete(group);
    this.#tell();
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

  #tell(): void {
    if (!this.#process?.stdin?.writable) return;
    this.#process.stdin.write(`${this.#family()}\n`);
  }

  #family(): string {
    const members = [...this.#members.values()];
    return members
      .map(({ group, deathSignal, cookie }) => `${group}:${deathSignal.slice(3)}:${cookie}`)
      .join(' ');
  }

  #restart(): void {
    if (this.#closed) return;
    // Somebody ended it: the next one after a moment, lest a machine that kills it at once is kept busy with it.
    setTimeout(() => {
      if (!this.#closed) void this.start();
    }, 100).unref();
  }
}
