import { describeError } from './describe-error.ts';
import { currentHook, guardExit, isHookExit } from './exit-guard.ts';
import { runExitHooks } from './exit-hooks.ts';
import { type Hook, Hooks } from './hooks.ts';
import { LastWords } from './last-words.ts';
import { leave } from './leave.ts';
import type { ShutdownSettings } from './options.ts';
import { type CrashReport, formatReport, type ShutdownReport } from './report.ts';
import { Sequence } from './sequence.ts';
import { beginEnd } from './shared-end.ts';

/** Ctrl-C reaches a program twice when npm runs it: once from the terminal, once from npm. */
const DUPLICATE_WITHIN_MS = 500;
/** A logger that crashes by every word would never come to an end. */
const MOST_CRASHES = 20;

/** The end of the process, from the first wish or crash to the exit, with what is said meanwhile. */
export class ProcessEnd {
  readonly words: LastWords;
  readonly sequence: Sequence;
  readonly #settings: ShutdownSettings;
  readonly #isClean: (report: ShutdownReport) => boolean;
  readonly #exitHooks = new Hooks();
  #leave: (() => void) | undefined;
  #firstWishAt: number | undefined;
  #wishCode = 0;
  #crashes = 0;
  #crashCode: number | undefined;
  #isForced = false;
  #isExiting = false;

  constructor(settings: ShutdownSettings, isClean = (report: ShutdownReport): boolean => report.clean) {
    this.#settings = settings;
    this.#isClean = isClean;
    this.words = new LastWords(settings);
    this.sequence = new Sequence(settings);
  }

  /** Somebody asks the process to end; `exitCode` tells when that did not go well. */
  wish(reason: string, exitCode: number, words: string): void {
    const now = performance.now();
    const isFirst = this.#firstWishAt === undefined;
    this.#firstWishAt ??= now;
    if (!isFirst && now - this.#firstWishAt < DUPLICATE_WITHIN_MS) return;
    this.#wishCode = exitCode;
    if (isFirst) {
      this.words.say('info', words);
      void this.#exitAfter(reason);
      return;
    }
    this.words.say('warn', `Received ${reason} again: ending at once`);
    this.#isForced = true;
    this.words.hurry();
    this.sequence.force();
    // The option `exit` was called and did not end the process.
    this.#leave?.();
  }

  /** Something crashed. The exit code is that of the first crash. */
  crash(crash: CrashReport, exitCode: number, what: string): void {
    // Its hook has failed by it, which the report tells.
    if (isHookExit(crash.thrown)) return;
    this.#crashes += 1;
    // Should the process end before it was drained, or by itself.
    process.exitCode ||= exitCode;
    if (this.#crashes > MOST_CRASHES) return;
    this.#crashCode ??= exitCode;
    this.words.say('error', `${what}: ${describeError(crash.thrown)}`);
    this.sequence.hurry(crash, this.#settings.crashTimeoutMs);
    void this.#exitAfter(crash.origin);
  }

  addHook(hook: Hook): () => void {
    const takeBack = this.sequence.addHook(hook);
    if (this.sequence.state === 'running')
      process.off('beforeExit', this.#onBeforeExit).on('beforeExit', this.#onBeforeExit);
    return takeBack;
  }

  addExitHook(hook: Hook): () => void {
    process.off('exit', this.runExitHooks).on('exit', this.runExitHooks);
    return this.#exitHooks.add(hook);
  }

  readonly runExitHooks = (): void => {
    process.off('exit', this.runExitHooks);
    runExitHooks(this.#exitHooks.take('exit'), this.sequence.reason, (error) =>
      this.words.say('error', `At exit: ${describeError(error)}`),
    );
  };

  start(reason: string): Promise<ShutdownReport> {
    process.off('beforeExit', this.#onBeforeExit);
    return this.sequence.start(reason);
  }

  /** The process ends by itself, with the exit code that it has; what has to be cleaned up still is. */
  readonly #onBeforeExit = (): void => {
    void this.start('beforeExit').then((report) => this.#isExiting || this.#tell(report));
  };

  async #exitAfter(reason: string): Promise<void> {
    if (this.#isExiting) return;
    this.#isExiting = true;
    // Until the very end: a hook that was given up may still call process.exit().
    const releaseExit = guardExit();
    const end = beginEnd();
    const report = await this.start(reason);
    this.#tell(report);
    await this.words.flush();
    releaseExit();
    // A crash inside a hook may have begun this: the end itself is no part of it.
    const code = end(this.#exitCode(report));
    if (code !== undefined) await currentHook.run(undefined, () => this.#exit(code, report));
  }

  async #exit(code: number, report: ShutdownReport): Promise<void> {
    this.#leave = () => leave(this.#exitCode(report) || code, this.#onExitError);
    try {
      await this.#settings.exit(code);
    } catch (error) {
      this.#onExitError(error);
      leave(code || 1, this.#onExitError);
    }
  }

  /** Whoever threw was asked before them. */
  readonly #onExitError = (error: unknown): void => {
    this.words.say('error', `The exit failed: ${describeError(error)}`);
    this.runExitHooks();
  };

  #tell(report: ShutdownReport): void {
    this.words.say(report.clean ? 'info' : 'warn', formatReport(report));
  }

  #exitCode(report: ShutdownReport): number {
    if (this.#crashCode !== undefined) return this.#crashCode;
    if (this.#isClean(report) && !this.#isForced) return 0;
    return this.#settings.forcedExitCode ?? this.#wishCode;
  }
}
