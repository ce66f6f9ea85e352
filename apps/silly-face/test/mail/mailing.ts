import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ChildOptions } from '@silly-face/supervisor';
import type { MailConfig } from '../../src/mail/mail-config.ts';
import { MailingSupervisor } from '../../src/mail/mailing-supervisor.ts';
import { type Mail, parsed } from './sink.ts';

export const worker = fileURLToPath(new URL('fixtures/worker.mjs', import.meta.url));

export interface Mailing extends AsyncDisposable {
  readonly supervisor: MailingSupervisor;
  readonly directory: string;
  /** Sends the child's process a signal. */
  signal(name: NodeJS.Signals, child?: string): void;
  pid(child?: string): number;
  /** The mails that became files, oldest first. */
  files(): Pick<Mail, 'head' | 'subject' | 'text'>[];
}

/** A supervisor, not started yet, of one `worker`, that mails to this URL, or to a folder. */
export function mailing(
  smtpUrl: string | undefined,
  { config = {}, child = {}, chatty = [], folder: shared }: Options = {},
): Mailing {
  const folder = shared ?? mkdtempSync(join(tmpdir(), 'silly-face-mail-'));
  const directory = join(folder, 'mail');
  const supervisor = new MailingSupervisor(
    { children: [{ name: 'worker', script: worker, readiness: 'message', ...child }] },
    {
      config: {
        smtpUrl,
        from: 'Silly Face <backend@example.com>',
        to: 'owner@example.com',
        onStderr: false,
        windowMs: 1_000,
        ...config,
      },
      directory,
      chatty,
    },
  );
  const pid = (name = 'worker'): number => {
    const found = supervisor.status().find((status) => status.name === name)?.pid;
    if (found === undefined) throw new Error(`${name} does not run`);
    return found;
  };
  return {
    supervisor,
    directory,
    pid,
    signal: (name, of) => void process.kill(pid(of), name),
    files: () =>
      readdirSync(directory)
        .filter((name) => name.endsWith('.eml'))
        .toSorted()
        .map((name) => parsed(readFileSync(join(directory, name), 'utf8'))),
    async [Symbol.asyncDispose]() {
      await supervisor.stop();
      if (shared === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Options {
  config?: Partial<MailConfig>;
  child?: Partial<ChildOptions>;
  chatty?: string[];
  /** That others use, too, one after the other. */
  folder?: string;
}
