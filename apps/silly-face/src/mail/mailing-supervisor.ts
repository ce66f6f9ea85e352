import { Supervisor, SupervisorError, type AlertEvent, type SupervisorOptions } from '@silly-face/supervisor';
import { FailedStarts } from './failed-starts.ts';
import { Folding } from './folding.ts';
import { MailFolder } from './folder.ts';
import { letterAbout } from './letter.ts';
import { LogLines, type LoudLine } from './log-lines.ts';
import type { MailConfig } from './mail-config.ts';
import { Outbox } from './outbox.ts';
import { SmtpTransport } from './smtp.ts';
import type { Trouble } from './trouble.ts';

export interface MailingOptions {
  readonly config: MailConfig;
  /** Where mails become files: all of them without a server, else those that did not get there. */
  readonly directory: string;
  /** Children whose standard error is no news, whatever the configuration says. */
  readonly chatty?: readonly string[];
}

/**
 * A supervisor that mails its owner: when a start fails, when a child crashes or is given up, when a deploy fails, when a child logs a line of level
 * fatal, and when one recovers. It is the right process to do so: a child that has just failed cannot be trusted to.
 */
export class MailingSupervisor extends Supervisor {
  readonly #folding: Folding;
  readonly #outbox: Outbox;
  readonly #makeOutbox: () => Outbox;
  readonly #failedStarts: FailedStarts;
  #closing: Promise<void> | undefined;

  constructor(options: SupervisorOptions, { config, directory, chatty = [] }: MailingOptions) {
    // The windows of a mailbox are ours; what comes in one burst is one alert already.
    super({ alertIntervalMs: Math.min(BURST_MS, config.windowMs), ...options });
    this.#makeOutbox = () => makeOutbox(config, directory);
    this.#outbox = this.#makeOutbox();
    this.#failedStarts = new FailedStarts(directory, config.windowMs);
    this.#folding = new Folding(config.windowMs, (trouble) => this.#post(trouble));
    const lines = new LogLines(
      (child) => config.onStderr && !chatty.includes(child),
      (line) => this.#folding.add(troubleOf(line)),
    );
    this.on('output', (event) => lines.take(event));
    this.on('alert', (alert: AlertEvent) => this.#folding.add(alert));
  }

  /** A failure waits for its mail, though not for long. */
  override async start(name?: string): Promise<void> {
    if (name !== undefined) return super.start(name);
    try {
      await super.start();
    } catch (error) {
      if (!(error instanceof SupervisorError && error.code === 'STOPPED')) await this.#mailFailure(error);
      throw error;
    }
    if (this.#failedStarts.end()) this.#folding.add(hasStarted());
  }

  /** The end of all waits for the mails, though not for long. */
  override async stop(name?: string): Promise<void> {
    await super.stop(name);
    if (name !== undefined) return;
    this.#closing ??= this.#closeMail();
    await this.#closing;
  }

  override async kill(): Promise<void> {
    this.#outbox.abandon();
    await super.kill();
  }

  async #closeMail(): Promise<void> {
    this.#folding.close();
    await this.#outbox.close(STOP_LIMIT_MS);
  }

  /** By now everything has stopped, the outbox of the children's mails included. */
  async #mailFailure(error: unknown): Promise<void> {
    const trouble = this.#failedStarts.add(failedStart(error));
    if (!trouble) return;
    const outbox = this.#makeOutbox();
    outbox.post(letterAbout(trouble));
    await outbox.close(STOP_LIMIT_MS);
  }

  /** Of the many troubles that are folded nobody asks for the restarts. */
  #post(trouble: Trouble): void {
    const status = this.status().find(({ name }) => name === trouble.child);
    this.#outbox.post(letterAbout({ ...trouble, restarts: status?.restarts ?? trouble.restarts }));
  }
}

function troubleOf(line: LoudLine): Trouble {
  return { ...once(), ...line };
}

function failedStart(error: unknown): Trouble {
  const { message = String(error), lastLines = [], exitCode, signal } = error as Partial<SupervisorError>;
  // They follow on their own.
  const [reason = message] = message.split('; its last words:', 1);
  return { ...once(), kind: 'start-failed', child: undefined, reason, lastLines, exitCode, signal };
}

function hasStarted(): Trouble {
  return { ...once(), kind: 'recovered', child: undefined, reason: 'it has started', lastLines: [] };
}

function once(): Pick<Trouble, 'pid' | 'exitCode' | 'signal' | 'restarts' | 'count' | 'firstAt' | 'lastAt'> {
  const at = new Date();
  return {
    pid: undefined,
    exitCode: undefined,
    signal: undefined,
    restarts: 0,
    count: 1,
    firstAt: at,
    lastAt: at,
  };
}

const BURST_MS = 10_000;
// Less than those who stop us wait: the command for ten seconds, systemd and containers for longer.
const STOP_LIMIT_MS = 5_000;

function makeOutbox({ smtpUrl, from, to }: MailConfig, directory: string): Outbox {
  const folder = new MailFolder(directory, { from, to });
  if (smtpUrl === undefined) {
    return new Outbox({
      transport: { send: async (letter) => void folder.write(letter) },
      keep: ({ subject }, reason) => console.error(`A mail was not written: ${subject}: ${reason}`),
    });
  }
  return new Outbox({
    transport: new SmtpTransport(smtpUrl, { from, to }),
    keep(letter, reason) {
      try {
        console.error(`A mail was not sent, it is in ${folder.write(letter)}: ${reason}`);
      } catch (error) {
        console.error(
          `A mail was neither sent (${reason}) nor written (${String(error)}): ${letter.subject}`,
        );
      }
    },
  });
}
