import { once } from 'node:events';
import net, { type Socket } from 'node:net';
import { SupervisorError, type SupervisorErrorCode } from '../errors.ts';
import { FrameReader, toFrame } from './frames.ts';
import type { ControlRequest } from './request.ts';

export type Frame = Readonly<Record<string, unknown>>;

export interface AskOptions {
  /** Gets what comes before the answer; the next waits until it resolves. */
  onEvent?: (event: Frame) => unknown;
  /** Until the first frame comes; one that does not read its requests never sends it. @default 10_000 */
  timeoutMs?: number | 'none';
}

/**
 * Asks the supervisor whose control socket this is. Throws what it answers as an error, `NO_SUPERVISOR` when nobody listens, and
 * `CONTROL_FAILED` when the connection fails or ends without an answer.
 */
export async function ask(path: string, request: ControlRequest, options: AskOptions = {}): Promise<Frame> {
  const socket = net.connect(path);
  const { timeoutMs = 10_000 } = options;
  const limit =
    timeoutMs === 'none'
      ? undefined
      : setTimeout(() => socket.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    await once(socket, 'connect');
    socket.write(toFrame(request));
    return await readAnswer(socket, options, () => clearTimeout(limit));
  } catch (error) {
    throw error instanceof SupervisorError ? error : connectionError(path, error as NodeJS.ErrnoException);
  } finally {
    clearTimeout(limit);
    socket.destroy();
  }
}

async function readAnswer(socket: Socket, { onEvent }: AskOptions, heard: () => void): Promise<Frame> {
  const frames = new FrameReader(MAX_ANSWER_BYTES);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    for (const text of frames.read(chunk)) {
      heard();
      const frame = JSON.parse(text) as Frame;
      if (frame['ok'] === true) return frame;
      if (frame['ok'] === false) throw toError(frame['error'] as AnsweredError);
      await onEvent?.(frame);
    }
  }
  throw new Error('the supervisor ended the connection without an answer');
}

const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

interface AnsweredError {
  readonly code: SupervisorErrorCode;
  /** With the last words, if there are any. */
  readonly message: string;
  readonly child?: string;
  readonly exitCode?: number | null;
  readonly signal?: NodeJS.Signals | null;
}

function toError({ code, message, child, exitCode, signal }: AnsweredError): SupervisorError {
  return new SupervisorError(code, message, { child, exitCode, signal });
}

function connectionError(path: string, cause: NodeJS.ErrnoException): SupervisorError {
  if (cause.code === 'ENOENT' || cause.code === 'ECONNREFUSED') {
    const why = cause.code === 'ENOENT' ? 'there is no such file' : 'its supervisor is gone';
    return new SupervisorError('NO_SUPERVISOR', `No supervisor listens at ${path}: ${why}`, { cause });
  }
  const message = `Cannot ask the supervisor at ${path}: ${cause.message}`;
  return new SupervisorError('CONTROL_FAILED', message, { cause });
}
