import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { aborted } from '../aborted.ts';
import { reasonOf, SupervisorError } from '../errors.ts';
import type { Family } from '../family/family.ts';
import { findInside, type NamespaceProcesses } from '../family/namespace.ts';
import { endGroup, signalGroup } from '../family/signal.ts';
import { InspectorNotices } from '../heartbeat/inspector-notices.ts';
import type { HeldSocket } from '../listener/held-socket.ts';
import type { ChildSettings } from '../options/settings.ts';
import type { Outputs } from '../output/outputs.ts';
import type { RunOutput } from '../output/run-output.ts';
import { readStat } from '../proc.ts';
import { Channels } from './channels.ts';
import { prepareLaunch, type Launch } from './launch.ts';

/** How a process ended. */
export interface RunExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The same when its output has ended too. */
export interface RunEnd extends RunExit {
  /** The last lines of both streams, oldest first. */
  readonly lastLines: readonly string[];
}

/** One process of a child, from its creation until it, its output and its leftovers have ended. */
export class Run {
  /** Resolves when `pid` is that of the child itself: with a namespace of its own it takes a few milliseconds to find it. */
  readonly entered: Promise<void>;
  /** The file that a script's process runs, links followed. */
  readonly script: string | undefined;
  /** Resolves when the process has sent this message; else it stays pending. `ready` is said by the script, the others by our preloads. */
  readonly said: Readonly<Record<'ready' | 'listening' | 'standby' | 'going', Promise<void>>>;
  readonly channels: Channels;
  /** What its Node.js writes between its lines when we open its inspector. */
  readonly notices = new InspectorNotices();
  /** Resolves in the moment in which the process is gone; what is left of its group has got SIGKILL. */
  readonly exited: Promise<RunExit>;
  /** Resolves when the process is gone, its last line was read and nothing that it started is left. */
  readonly ended: Promise<RunEnd>;
  readonly #process: ChildProcess;
  /** Of the group that we created: the child itself, or `unshare` around it. */
  readonly #leader: number;
  #inside: NamespaceProcesses | undefined;
  readonly #family: Family;
  readonly #cookie: string;
  readonly #output: RunOutput;
  #hasExited = false;
  #isSpare: boolean;
  #stopping: Promise<RunEnd> | undefined;

  /** Creates the process. Throws what `prepareLaunch` throws, `SPAWN_FAILED`, and the reason of `cancelled`. */
  static async start(
    child: ChildSettings,
    sockets: readonly HeldSocket[],
    family: Family,
    cancelled: AbortSignal,
    outputs: Outputs,
    isSpare = false,
  ): Promise<Run> {
    const launch = await prepareLaunch(child, sockets, family, isSpare);
    // The sockets may be closed by now, and their descriptors be somebody else's.
    cancelled.throwIfAborted();
    try {
      const process = spawn(launch.file, launch.args, launch.options);
      if (process.pid === undefined) throw (await once(process, 'error'))[0];
      const { pid } = process;
      const openOutput = (notices: InspectorNotices): RunOutput => outputs.open(child, pid, process, notices);
      const run = new Run(process, pid, launch, family, openOutput, isSpare);
      family.adopt(pid, launch.cookie, child.deathSignal);
      return run;
    } catch (cause) {
      const reason = reasonOf(cause);
      const message = `Child "${child.name}" cannot be started: ${reason}`;
      throw new SupervisorError('SPAWN_FAILED', message, { child: child.name, cause });
    }
  }

  private constructor(
    process: ChildProcess,
    leader: number,
    launch: Launch,
    family: Family,
    openOutput: (notices: InspectorNotices) => RunOutput,
    isSpare: boolean,
  ) {
    this.#leader = leader;
    this.script = launch.script;
    this.#isSpare = isSpare;
    this.#process = process;
    this.#family = family;
    this.#cookie = launch.cookie;
    this.channels = new Channels(process, launch.channels);
    this.#output = openOutput(this.notices);
    this.said = {
      ready: this.#hears('ready'),
      listening: this.#hears('listening'),
      standby: this.#hears('standby'),
      going: this.#hears('going'),
    };
    // A message that cannot be delivered, or a signal that came too late.
    process.on('error', () => {});
    this.exited = new Promise((resolve) => {
      process.once('exit', (code, signal) => {
        this.#hasExited = true;
        signalGroup(leader, 'SIGKILL');
        resolve({ code, signal });
      });
    });
    this.ended = this.#end();
    this.entered = launch.namespace ? this.#enter() : Promise.resolve();
  }

  /** As the supervisor sees it: its namespace, if it has one, calls it otherwise. */
  get pid(): number {
    return this.#inside?.command ?? this.#leader;
  }

  /** It waits to be told to go. */
  get isSpare(): boolean {
    return this.#isSpare;
  }

  /** Tells a spare to go: it listens now. False when it cannot be told, is held by SIGSTOP, or does not answer within the limit. */
  async promote(limitMs: number | undefined): Promise<boolean> {
    if (!this.#process.connected || readStat(this.pid)?.state === 'T') return false;
    this.#process.send('go', () => {});
    const goes = this.said.going.then(() => true);
    const dies = this.exited.then(() => false);
    this.#isSpare =
      limitMs !== undefined && !(await Promise.race([goes, dies, aborted(AbortSignal.timeout(limitMs))]));
    return !this.#isSpare;
  }

  /** The last lines so far, of both streams. */
  get lastLines(): readonly string[] {
    return this.#output.lastLines;
  }

  /** Signals the whole group: the stop signal first, SIGKILL after the limit. Resolves as `ended`. */
  async stop(signal: NodeJS.Signals, timeoutMs: number): Promise<RunEnd> {
    this.#stopping ??= this.#stop(signal, timeoutMs);
    return this.#stopping;
  }

  /** The process is gone; its output may still be on the way. */
  get hasExited(): boolean {
    return this.#hasExited;
  }

  kill(): void {
    if (!this.#hasExited) signalGroup(this.#leader, 'SIGKILL');
  }

  async #stop(signal: NodeJS.Signals, timeoutMs: number): Promise<RunEnd> {
    const limit = setTimeout(() => this.kill(), timeoutMs);
    try {
      await this.entered;
      if (!this.#hasExited) endGroup(this.#inside?.first ?? this.#leader, signal);
      return await this.ended;
    } finally {
      clearTimeout(limit);
    }
  }

  async #end(): Promise<RunEnd> {
    const { code, signal } = await this.exited;
    await this.#family.endLeftovers(this.#leader, this.#cookie, this.#inside);
    // Not at 'exit': what was written just before is still on its way. The limit is for a pipe that escaped with somebody.
    let limit: NodeJS.Timeout;
    const end = (): void => {
      if (!this.#output.isHeld) return this.#output.destroy();
      // Or for a sink that has us wait: then nothing waits any more, and the rest is read.
      this.#output.hurry();
      limit = setTimeout(end, OUTPUT_LIMIT_MS);
    };
    limit = setTimeout(end, OUTPUT_LIMIT_MS);
    await this.#output.ended;
    clearTimeout(limit);
    return { code, signal, lastLines: this.lastLines };
  }

  async #enter(): Promise<void> {
    this.#inside = await findInside(this.#leader, () => this.#hasExited);
  }

  async #hears(text: string): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#process.on('message', (message) => {
        if (message === text) resolve();
      });
    });
  }
}

const OUTPUT_LIMIT_MS = 5_000;
