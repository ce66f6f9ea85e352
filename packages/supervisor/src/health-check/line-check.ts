import net, { type Socket } from 'node:net';
import { checkKeys, invalidOption } from '../options/rules.ts';
import { lineCheckRules } from './check-rules.ts';
import { findEndpoint, type EndpointOptions } from './endpoint.ts';
import { meets, quote, type TextExpectation } from './expectation.ts';
import type { HealthProbe } from './health-check.ts';

/** What a line has to be, without its end. */
export type LineExpectation = TextExpectation;

/** One exchange: something to say, something to hear, or both. */
export interface LineStep {
  /** The line to send, without its end; `{ json }` is written as JSON. */
  send?: string | { readonly json: unknown };
  /** The line to come back. */
  expect?: LineExpectation;
}

/** Either one exchange, `send` and `expect`, or `steps`. */
export interface LineCheckOptions extends EndpointOptions, LineStep {
  /** The line that the server sends first; `false` when it waits for us. @default any line */
  greeting?: LineExpectation | false;
  /** One exchange after the other. */
  steps?: readonly LineStep[];
  /** The end of the lines that we send. @default '\r\n' */
  lineEnding?: '\r\n' | '\n';
  /** The server must not say more than this. @default 1_048_576 */
  maxBytes?: number;
}

/**
 * Healthy when a server that speaks in lines answers as expected. Its lines may end in CRLF or LF.
 * @throws SupervisorError `INVALID_OPTION`
 */
export function lineCheck(options: LineCheckOptions): HealthProbe {
  validateLineCheck(options, 'lineCheck');
  return lineProbe(options);
}

/** The same when the options have been checked. */
export function lineProbe(options: LineCheckOptions): HealthProbe {
  const { greeting = anyLine, lineEnding = '\r\n', maxBytes = 1_048_576 } = options;
  const steps = options.steps ?? [options];
  return {
    async probe(target, signal) {
      const socket = net.connect(findEndpoint(options, target));
      const giveUp = (): void => void socket.destroy(new Error('no answer in time'));
      signal.addEventListener('abort', giveUp, { once: true });
      try {
        const lines = linesOf(socket, maxBytes);
        if (greeting !== false) await expectLine(lines, greeting, 'greeting');
        let said = 'nothing';
        for (const { send, expect } of steps) {
          if (send !== undefined) {
            said = typeof send === 'string' ? send : JSON.stringify(send.json);
            socket.write(said + lineEnding);
          }
          if (expect !== undefined) await expectLine(lines, expect, `answer to ${quote(said)}`);
        }
      } finally {
        signal.removeEventListener('abort', giveUp);
        socket.destroy();
      }
    },
  };
}

function anyLine(): boolean {
  return true;
}

/** Throws `INVALID_OPTION`; `path` is what messages call the check. */
export function validateLineCheck(options: LineCheckOptions, path: string): void {
  checkKeys(options, path, lineCheckRules);
  const { greeting, send, expect, steps } = options;
  if (steps && (send !== undefined || expect !== undefined)) {
    throw invalidOption(`Expected \`${path}\` to have either \`send\` and \`expect\` or \`steps\``);
  }
  const idle = steps?.findIndex((step) => step.send === undefined && step.expect === undefined) ?? -1;
  if (idle !== -1) {
    throw invalidOption(`Expected \`${path}.steps[${idle}]\` to have \`send\` or \`expect\``);
  }
  const hears = expect ?? steps?.find((step) => step.expect !== undefined);
  if (greeting === false && hears === undefined) {
    throw invalidOption(`Expected \`${path}\` to expect something: a \`greeting\` or an answer`);
  }
}

/** The socket's own error is what ends the lines early, not a silent end. */
async function* linesOf(socket: Socket, maxBytes: number): AsyncGenerator<string> {
  let rest = '';
  socket.setEncoding('utf8');
  for await (const text of socket as AsyncIterable<string>) {
    rest += text;
    if (socket.bytesRead > maxBytes) throw new Error(`it said more than ${maxBytes} bytes`);
    for (let end = rest.indexOf('\n'); end !== -1; end = rest.indexOf('\n')) {
      yield rest.slice(0, end).replace(/\r$/, '');
      rest = rest.slice(end + 1);
    }
  }
}

async function expectLine(
  lines: AsyncGenerator<string>,
  expectation: LineExpectation,
  what: string,
): Promise<void> {
  const { value: line, done } = await lines.next();
  if (done) throw new Error(`the connection ended before the ${what}`);
  if (!meets(line, expectation, 'equal')) throw new Error(`unexpected ${what}: ${quote(line)}`);
}
