import type { Server } from 'node:net';
import { describeError } from './describe-error.ts';
import type { TerminateOptions } from './options.ts';
import { newProcessEnd } from './process-end.ts';
import { formatCut } from './report.ts';
import {
  checkExitCode,
  checkServer,
  checkString,
  readByRules,
  readOptions,
  TERMINATE_RULES,
} from './settings.ts';

/** A listener for a signal, `uncaughtException` or `unhandledRejection`. */
export type ExitHandler = (error?: unknown, origin?: unknown) => void;

/**
 * Makes exit handlers for one server, each for an exit code and a reason:
 *
 * ```ts
 * const exitHandler = terminate(server, { timeoutMs: 500 });
 * process.on('uncaughtException', exitHandler(1, 'Unexpected Error'));
 * process.on('SIGTERM', exitHandler(0, 'SIGTERM'));
 * ```
 *
 * A handler logs the reason and what was thrown, drains the server and exits with its code; a code that is not 0 is a crash.
 * When requests had to be cut after a signal n, the exit code is 128 + n instead of 0.
 *
 * @throws {OptionError} when an argument is wrong
 */
export function terminate(
  server: Server,
  options: TerminateOptions = {},
): (code: number, reason: string) => ExitHandler {
  checkServer('server', server);
  const { coredump, timeoutMs, ...log } = readByRules(TERMINATE_RULES, options);
  const dumps = coredump || process.env.GRACEFUL_SHUTDOWN_COREDUMP === '1';
  let isCrash = false;
  const exit = (code: number): void => (isCrash && dumps ? process.abort() : process.exit(code));
  const limits = { timeoutMs, crashTimeoutMs: timeoutMs, headTimeoutMs: timeoutMs };
  const end = newProcessEnd(readOptions({ ...limits, ...log, exit }), ({ cut }) => formatCut(cut) === '');
  end.sequence.addServer(server);

  return (code, reason) => {
    checkExitCode('code', code);
    checkString('reason', reason);
    return (error, origin) => {
      if (code === 0) {
        if (error instanceof Error) end.words.say('error', `${reason}: ${describeError(error)}`);
        // Signal listeners are called with the signal's name and number.
        end.wish(reason, typeof origin === 'number' ? 128 + origin : 1, `Shutting down: ${reason}`);
        return;
      }
      isCrash = true;
      const isRejection = origin instanceof Promise || origin === 'unhandledRejection';
      const how = isRejection ? 'unhandledRejection' : 'uncaughtException';
      end.crash({ origin: how, thrown: error }, code, reason);
    };
  };
}
