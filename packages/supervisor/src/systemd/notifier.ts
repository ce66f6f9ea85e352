import { execFile } from 'node:child_process';
import { warn } from '../warning.ts';

/**
 * Tells systemd (sd_notify) through its `systemd-notify`, as Node.js has no unix datagrams: 7 to 30 ms of another process each.
 * One at a time and in order, so that what is said last is true; nobody waits for it. The unit needs `NotifyAccess=all`, since it
 * is not the main process that speaks. What cannot be said is a warning, once.
 */
export class Notifier {
  readonly #waiting: string[][] = [];
  #status: string | undefined;
  #isSending = false;
  #hasWarned = false;

  /** Sends assignments such as `READY=1` as one message. */
  send(...assignments: string[]): void {
    this.#waiting.push(assignments);
    this.#next();
  }

  /** At once, and in place of all that waits: the process may end before their turn comes. */
  sendLast(assignment: string): void {
    this.#waiting.length = 0;
    this.#status = undefined;
    this.#run([assignment], () => {});
  }

  /** One line that `systemctl status` shows. Of those that wait only the last is sent. */
  setStatus(status: string): void {
    this.#status = `STATUS=${status.replaceAll('\n', ' ')}`;
    this.#next();
  }

  #next(): void {
    if (this.#isSending) return;
    const message = this.#waiting.shift() ?? [];
    if (this.#status !== undefined) message.push(this.#status);
    this.#status = undefined;
    if (message.length === 0) return;
    this.#isSending = true;
    this.#run(message, () => {
      this.#isSending = false;
      this.#next();
    });
  }

  #run(message: readonly string[], onEnd: () => void): void {
    const sender = execFile('systemd-notify', ['--', ...message], { timeout: LIMIT_MS }, (error) => {
      if (error) this.#warn(message, error);
      onEnd();
    });
    // The process may end before that, should it have nothing else to do.
    sender.unref();
    for (const stream of [sender.stdout, sender.stderr]) (stream as unknown as { unref(): void }).unref();
  }

  #warn(message: readonly string[], { message: reason }: Error): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    warn('SUPERVISOR_NOTIFY_FAILED', `systemd could not be told ${message.join(', ')}: ${reason.trim()}`);
  }
}

// systemd-notify waits until it was heard, for five seconds at the most.
const LIMIT_MS = 10_000;
