import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { waitUntil } from '@silly-face/testing';
import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server';

export interface Mail {
  readonly from: string;
  readonly to: string[];
  readonly head: string;
  readonly subject: string;
  readonly text: string;
}

/** A real SMTP server that keeps what it gets. */
export interface Sink extends AsyncDisposable {
  readonly port: number;
  readonly mails: Mail[];
  /** The first mail, come or to come, with this in its subject. */
  mail(subject: string): Promise<Mail>;
}

export async function startSink(options: SMTPServerOptions = {}, port = 0): Promise<Sink> {
  const mails: Mail[] = [];
  const keep = async (stream: Readable, { envelope }: SMTPServerSession): Promise<void> => {
    const message = await text(stream);
    const from = envelope.mailFrom ? envelope.mailFrom.address : '';
    mails.push({ from, to: envelope.rcptTo.map(({ address }) => address), ...parsed(message) });
  };
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    authOptional: true,
    allowInsecureAuth: true,
    disableReverseLookup: true,
    onData(stream, session, done) {
      // Kept before it is acknowledged.
      void keep(stream, session).finally(done);
    },
    ...options,
  });
  // A client that hangs up in the middle is the client's business.
  server.on('error', () => {});
  server.listen(port, '127.0.0.1');
  await once(server.server, 'listening');
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    mail: (subject) =>
      waitUntil(() => mails.find((mail) => mail.subject.includes(subject)), {
        what: `a mail about "${subject}", after ${JSON.stringify(mails.map((mail) => mail.subject))}`,
      }),
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

export function parsed(message: string): Pick<Mail, 'head' | 'subject' | 'text'> {
  const [, head = '', body = ''] = /^([^]*?)\r?\n\r?\n([^]*)$/.exec(message) ?? [];
  const unfolded = head.replaceAll(/\r?\n[ \t]+/g, ' ');
  const subject = words(/^Subject: (.*)$/m.exec(unfolded)?.[1] ?? '');
  const isQuoted = /^Content-Transfer-Encoding: quoted-printable/im.test(head);
  const plain = isQuoted ? unquoted(body) : body;
  return { head: unfolded, subject, text: plain.replaceAll('\r\n', '\n') };
}

/** RFC 2045, 6.7. */
function unquoted(body: string): string {
  const bytes = body
    .replaceAll(/=[ \t]*\r?\n/g, '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}

/** RFC 2047. */
function words(value: string): string {
  return value
    .replaceAll(/\?= =\?/g, '?==?')
    .replaceAll(/=\?utf-8\?([QB])\?(.*?)\?=/gi, (_, encoding: string, word: string) =>
      encoding.toUpperCase() === 'B'
        ? Buffer.from(word, 'base64').toString()
        : unquoted(word.replaceAll('_', ' ')),
    );
}
