import net, { type Socket } from 'node:net';
import { findEndpoint, type EndpointOptions } from './endpoint.ts';
import type { HealthProbe } from './health-check.ts';

/** What a line has to be: that text, a match, or one of which the function says true. */
export type LineExpectation = string | RegExp | ((line: string) => boolean);

export interface LineCheckOptions extends EndpointOptions {
  /** The line that the server sends first; `false` when it waits for us. @default any line */
  greeting?: LineExpectation | false;
  /** The line to send, without its end. */
  send: string;
  /** The line to come back. */
  expect: LineExpectation;
  /** @default '\r\n' */
  lineEnding?: '\r\n' | '\n';
}

/** Healthy when a server that speaks in lines answers as expected. Its lines may end in CRLF or LF. */
export function lineCheck(options: LineCheckOptions): HealthProbe {
  const { greeting = () => true, send, expect, lineEnding = '\r\n' } = options;
  return {
    async probe(target, signal) {
      const socket = net.connect(findEndpoint(options, target));
      const giveUp = (): void => void socket.destroy(new Error('no answer in time'));
      signal.addEventListener('abort', giveUp, { once: true });
      try {
        const lines = linesOf(socket);
        if (greeting !== false) await expectLine(lines, greeting, 'greeting');
        socket.write(send + lineEnding);
        await expectLine(lines, expect, `answer to ${JSON.stringify(send)}`);
      } finally {
        signal.removeEventListener('abort', giveUp);
        socket.destroy();
      }
    },
  };
}

/** The socket's own error is what ends the lines early, not a silent end. */
async function* linesOf(socket: Socket): AsyncGenerator<string> {
  let rest = '';
  socket.setEncoding('utf8');
  for await (const text of socket as AsyncIterable<string>) {
    rest += text;
    for (let end = rest.indexOf('\n'); end !== -1; end = rest.indexOf('\n')) {
      yield rest.slice(0, end).replace(/\r$/, '');
      rest = rest.slice(end + 1);
    }
    if (rest.length > MAX_LINE_LENGTH) throw new Error(`a line longer than ${MAX_LINE_LENGTH} characters`);
  }
}

const MAX_LINE_LENGTH = 1024 * 1024;

async function expectLine(
  lines: AsyncGenerator<string>,
  expectation: LineExpectation,
  what: string,
): Promise<void> {
  const { value: line, done } = await lines.next();
  if (done) throw new Error(`the connection ended before the ${what}`);
  if (!isExpected(line, expectation)) throw new Error(`unexpected ${what}: ${JSON.stringify(line)}`);
}

function isExpected(line: string, expectation: LineExpectation): boolean {
  if (typeof expectation === 'string') return line === expectation;
  return expectation instanceof RegExp ? line.search(expectation) !== -1 : expectation(line);
}
