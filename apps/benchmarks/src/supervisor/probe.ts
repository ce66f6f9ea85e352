import { connect } from 'node:net';

/** What one request on a fresh connection met: the process that answered, or how it was lost. */
export type Verdict = { pid: number } | { lost: string };

/** Every probe gets a verdict; one that has none after `timeoutMs` is lost. */
export function probe(port: number, timeoutMs = 3_000, path = '/'): Promise<Verdict> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let answer = '';
    const end = (verdict: Verdict): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(verdict);
    };
    const timer = setTimeout(() => end({ lost: 'timeout' }), timeoutMs);
    socket.setEncoding('utf8');
    socket.on('connect', () =>
      socket.write(`GET ${path} HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n`),
    );
    socket.on('data', (text: string) => (answer += text));
    socket.on('error', (error: NodeJS.ErrnoException) => end({ lost: error.code ?? error.message }));
    socket.on('close', () => {
      const pid = /\r\n\r\n(?:[0-9a-f]+\r\n)?(\d+)/.exec(answer)?.[1];
      end(pid ? { pid: Number(pid) } : { lost: 'closed without an answer' });
    });
  });
}
