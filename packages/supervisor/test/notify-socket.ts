import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { waitUntil } from '@silly-face/testing';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from './temporary-folder.ts';

/** What systemd hears: each datagram that came to a NOTIFY_SOCKET, its assignments separated by blanks. */
export interface NotifySocket {
  readonly path: string;
  readonly messages: string[];
  heard(pattern: RegExp): Promise<string>;
}

// Node.js has no unix datagrams, Perl is in every Debian.
const SINK = `use Socket; socket(S, PF_UNIX, SOCK_DGRAM, 0) && bind(S, pack_sockaddr_un($ARGV[0])) || die $!;
$| = 1; print "bound\\n"; while (defined recv(S, $m, 65536, 0)) { $m =~ s/\\n/ /g; print "$m\\n" }`;

export async function listenAsSystemd(): Promise<NotifySocket> {
  const folder = temporaryFolder();
  const path = join(folder, 'notify');
  const sink = spawn('perl', ['-e', SINK, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => {
    sink.kill('SIGKILL');
  });
  const lines: string[] = [];
  createInterface(sink.stdout).on('line', (line) => lines.push(line));
  await once(sink, 'spawn');
  await waitUntil(() => lines.length > 0, { what: 'the socket' });
  const messages: string[] = lines;
  return {
    path,
    messages,
    heard: async (pattern) =>
      waitUntil(() => messages.find((message) => pattern.test(message)), {
        what: `${pattern} in ${messages.join('; ')}`,
      }),
  };
}
