import { setFlagsFromString } from 'node:v8';
import { describeError } from './describe-error.ts';
import { currentHook, guardExit, isHookExit } from './exit-guard.ts';
import { type Hook, newHooks } from './hooks.ts';
import { newLastWords, type LastWords } from './last-words.ts';
import { beginEnd, leave } from './leave.ts';
import type { ShutdownSettings } from './options.ts';
import { type CrashReport, formatReport, type ShutdownReport } from './report.ts';
import { rehearseForcedEnd } from './rehearsal.ts';
import { runExitHooks } from './run-hook.ts';
import { type Sequence, newSequence } from './sequence.ts';

/** Ctrl-C reaches a program twice when npm runs it: once from the terminal, once from npm. */
const DUPLICATE_WITHIN_MS = 500;
/** A logger that crashes by every word would never come to an end. */
const MOST_CRASHES = 20;

/** The end of the process, from the first wish or crash to the exit, with what is said meanwhile. */
export interface ProcessEnd {
  readonly words: LastWords;
  readonly sequence: Sequence;
  /** Somebody asks the process to end; `exitCode` tells when that did not go well. */
  wish(reason: string, exitCode: number, words: string): void;
  /** Something crashed. The exit code is that of the first crash. */
  crash(crash: CrashReport, exitCode: number, what: string): void;
  addHook(hook: Hook): () => void;
  addExitHook(hook: Hook): () => void;
  runExitHooks(): void;
  start(reason: string): Promise<ShutdownReport>;
}

export function newProcessEnd(
  settings: ShutdownSettings,
  isClean = (report: ShutdownReport): boolean => report.clean,
): ProcessEnd {
  const words = newLastWords(settings);
  const sequence = newSequence(settings);
  const exitHooks = newHooks();
  let leaveNow: (() => void) | undefined;
  let firstWishAt: number | undefined;
  let wishCode = 0;
  let crashes = 0;
  let crashCode: number | undefined;
  let isForced = false;
  let isExiting = false;

  const start = (reason: string): Promise<ShutdownReport> => {
    process.off('beforeExit', onBeforeExit);
    return sequence.start(reason);
  };

  /** The process ends by itself, with the exit code that it has; what has to be cleaned up still is. */
  const onBeforeExit = (): void => {
    void start('beforeExit').then((report) => isExiting || tell(report));
  };

  const exitAfter = async (reason: string): Promise<void> => {
    if (isExiting) return;
    isExiting = true;
    // Since Node.js 24 V8 compiles in the background too, and process.exit() waits for that: for ever when the compiler waits for a
    // garbage collection, which this thread would have to do (nodejs/node issues 54918, 64560). What is under way has time to end.
    setFlagsFromString('--no-concurrent-sparkplug');
    // Until the very end: a hook that was given up may still call process.exit().
    const releaseExit = guardExit();
    const end = beginEnd();
    const report = await start(reason);
    tell(report);
    await words.flush();
    releaseExit();
    // A crash inside a hook may have begun this: the end itself is no part of it.
    const code = end(exitCodeAfter(report));
    if (code !== undefined) await currentHook.run(undefined, () => exit(code, report));
  };

  const exit = async (code: number, report: ShutdownReport): Promise<void> => {
    leaveNow = () => leave(exitCodeAfter(report) || code, tellExit);
    try {
      await settings.exit(code);
    } catch (error) {
      tellExit(error);
      leave(code || 1, tellExit);
    }
  };

  /** Whoever threw was asked before them. */
  const tellExit = (error: unknown): void => {
    words.say('error', `The exit failed: ${describeError(error)}`);
    runTheirs();
  };

  const runTheirs = (): void => {
    process.off('exit', runTheirs);
    runExitHooks(exitHooks.take('exit'), sequence.reason, (error) =>
      words.say('error', `At exit: ${describeError(error)}`),
    );
  };

  const tell = (report: ShutdownReport): void =>
    words.say(report.clean ? 'info' : 'warn', formatReport(report));

  const exitCodeAfter = (report: ShutdownReport): number => {
    if (crashCode !== undefined) return crashCode;
    if (isClean(report) && !isForced) return 0;
    return settings.forcedExitCode ?? wishCode;
  };

  return {
    words,
    sequence,
    wish(reason, exitCode, message) {
      const now = performance.now();
      if (firstWishAt === undefined) {
        firstWishAt = now;
        wishCode = exitCode;
        words.say('info', message);
        void exitAfter(reason);
        // No second signal counts before.
        setTimeout(() => void rehearseForcedEnd(settings), DUPLICATE_WITHIN_MS).unref();
        return;
      }
      if (now - firstWishAt < DUPLICATE_WITHIN_MS) return;
      wishCode = exitCode;
      words.say('warn', `Received ${reason} again: ending at once`);
      isForced = true;
      words.hurry();
      sequence.force();
      // The option `exit` was called and did not end the process.
      leaveNow?.();
    },
    crash(crash, exitCode, what) {
      // Its hook has failed by it, which the report tells.
      if (isHookExit(crash.thrown)) return;
      crashes += 1;
      // Should the process end before it was drained, or by itself.
      process.exitCode ||= exitCode;
      if (crashes > MOST_CRASHES) return;
      crashCode ??= exitCode;
      words.say('error', `${what}: ${describeError(crash.thrown)}`);
      sequence.hurry(crash, settings.crashTimeoutMs);
      void exitAfter(crash.origin);
    },
    addHook(hook) {
      if (sequence.state === 'running')
        process.off('beforeExit', onBeforeExit).on('beforeExit', onBeforeExit);
      return sequence.addHook(hook);
    },
    addExitHook(hook) {
      process.off('exit', runTheirs).on('exit', runTheirs);
      return exitHooks.add(hook);
    },
    runExitHooks: runTheirs,
    start,
  };
}
